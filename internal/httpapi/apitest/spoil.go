package apitest

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Spoil makes another text of a refresh token, which no server may take for one of its own.
func Spoil(token, how string) string {
	switch how {
	case "short":
		return token[:len(token)-1]
	case "long":
		return token + "A"
	case "padded":
		return token + "="
	case "line-end": // in a form
		return token[:3] + "%0A" + token[3:]
	case "prefix":
		return strings.TrimPrefix(token, "rt_")
	case "last-character":
		if strings.HasSuffix(token, "A") {
			return token[:len(token)-1] + "B"
		}
		return token[:len(token)-1] + "A"
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "rt_"))
	if err != nil {
		panic(fmt.Sprintf("%q is no refresh token: %v", token, err)) // the test's fault
	}
	at, known := map[string]int{"version": 0, "key": 1, "session": 2, "counter": 18, "mac": len(raw) - 1}[how]
	if !known {
		panic(how + " is no way to spoil a token")
	}
	raw[at] ^= 1
	return "rt_" + base64.RawURLEncoding.EncodeToString(raw)
}

package apitest

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Spoil returns a refresh token changed in the way that how names. A server must not accept the
// result.
func Spoil(token, how string) string {
	switch how {
	case "short":
		return token[:len(token)-1]
	case "long":
		return token + "A"
	case "padded":
		return token + "="
	case "line-end": // form-encoded
		return token[:3] + "%0A" + token[3:]
	case "prefix":
		return strings.TrimPrefix(token, "rt_")
	case "last-character":
		if strings.HasSuffix(token, "A") {
			return token[:len(token)-1] + "B"
		}
		return token[:len(token)-1] + "A"
	default:
		return flipBit(token, how)
	}
}

// flipBit changes one bit of a field of the token.
func flipBit(token, field string) string {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "rt_"))
	if err != nil {
		panic(fmt.Sprintf("%q is not a refresh token: %v", token, err)) // an error of the test
	}
	offset, ok := map[string]int{"version": 0, "key": 1, "session": 2, "counter": 18, "mac": len(raw) - 1}[field]
	if !ok {
		panic("a refresh token has no field " + field)
	}
	raw[offset] ^= 1
	return "rt_" + base64.RawURLEncoding.EncodeToString(raw)
}

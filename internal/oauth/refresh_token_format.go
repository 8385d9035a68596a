package oauth

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// A refresh token is rt_ followed by the unpadded base64url encoding of
//
//	0x01 | key number (1) | family (16) | counter (uvarint) | HMAC-SHA256 of all before (32)
//
// The MAC is checked before the store is queried, so junk costs no query. The family is in no other
// token, and the key is not in the database, so a copy of the database is not enough to forge a token.
// The successor of a token can be computed again, so everyone who presents one token gets the same
// successor, and none has to be stored.
const (
	refreshPrefix  = "rt_"
	refreshVersion = 0x01
	familySize     = 16
	maxRefresh     = 128 // characters
)

// refreshToken is what a refresh token contains: the session and how often it has been rotated.
type refreshToken struct {
	family  []byte
	counter int64
}

// refreshKeys sign refresh tokens: the first signs, all verify.
type refreshKeys [][]byte

// number identifies the key of a token. If two keys share a number, both are tried.
func number(key []byte) byte {
	sum := sha256.Sum256(append([]byte("refresh key number"), key...))
	return sum[0]
}

func (k refreshKeys) encode(t refreshToken) string {
	raw := append([]byte{refreshVersion, number(k[0])}, t.family...)
	raw = binary.AppendUvarint(raw, uint64(t.counter))
	raw = append(raw, refreshMAC(k[0], raw)...)
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(raw)
}

// decode parses and verifies a token. It must equal what encode returns for its content: the base64
// decoder skips line ends, and a number has many encodings.
func (k refreshKeys) decode(token string) (refreshToken, bool) {
	text, found := strings.CutPrefix(token, refreshPrefix)
	if !found || len(token) > maxRefresh {
		return refreshToken{}, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 2+familySize+1+sha256.Size {
		return refreshToken{}, false
	}
	family, rest := raw[2:2+familySize], raw[2+familySize:]
	counter, size := binary.Uvarint(rest)
	if size <= 0 || counter > 1<<62 {
		return refreshToken{}, false
	}
	t := refreshToken{family: bytes.Clone(family), counter: int64(counter)}
	for _, key := range k {
		if number(key) == raw[1] && hmac.Equal([]byte(token), []byte(refreshKeys{key}.encode(t))) {
			return t, true
		}
	}
	return refreshToken{}, false
}

func refreshMAC(key, signed []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("rt1"))
	h.Write(signed)
	return h.Sum(nil)
}

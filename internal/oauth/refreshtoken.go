package oauth

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// A refresh token is rt_ and base64url of
//
//	0x01 | key number (1) | family (16) | counter (uvarint) | HMAC-SHA256 of all before (32)
//
// The MAC is checked before the store is asked, so junk costs no query. The family is in no other
// token, and the key not in the database: a copy of the database alone forges nothing. The
// successor of a token can be made again, so everybody who presents one token gets the same one,
// and none has to be stored.
const (
	refreshPrefix  = "rt_"
	refreshVersion = 0x01
	familySize     = 16
	maxRefresh     = 128 // characters
)

// refreshToken is what one says: which session, and how often it has been rotated.
type refreshToken struct {
	family  []byte
	counter int64
}

// refreshKeys sign refresh tokens: the first signs, all verify.
type refreshKeys [][]byte

// number tells the keys apart in a token. Two may share one: then both are tried.
func number(key []byte) byte {
	sum := sha256.Sum256(append([]byte("refresh key number"), key...))
	return sum[0]
}

func (k refreshKeys) encode(t refreshToken) string {
	raw := append([]byte{refreshVersion, number(k[0])}, t.family...)
	raw = binary.AppendUvarint(raw, uint64(t.counter)) //nolint:gosec // a counter is never negative
	raw = append(raw, refreshMAC(k[0], raw)...)
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(raw)
}

// decode reads a token of ours; there is exactly one text for it, so a changed character of any
// kind makes it another's.
func (k refreshKeys) decode(token string) (refreshToken, bool) {
	text, found := strings.CutPrefix(token, refreshPrefix)
	if !found || len(token) > maxRefresh {
		return refreshToken{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < 2+familySize+1+sha256.Size || raw[0] != refreshVersion {
		return refreshToken{}, false
	}
	signed, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	counter, size := binary.Uvarint(signed[2+familySize:])
	if size <= 0 || 2+familySize+size != len(signed) || counter > 1<<62 {
		return refreshToken{}, false
	}
	for _, key := range k {
		if number(key) == raw[1] && hmac.Equal(mac, refreshMAC(key, signed)) {
			family := bytes.Clone(signed[2 : 2+familySize])
			return refreshToken{family: family, counter: int64(counter)}, true //nolint:gosec // bounded above
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

package keyring

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// b64url is base64url without padding (RFC 7515 §2).
var b64url = base64.RawURLEncoding

// forge builds a compact JWS without the code under test. signer signs the first two segments.
func forge(header, body string, signer func(input []byte) []byte) string {
	input := b64url.EncodeToString([]byte(header)) + "." + b64url.EncodeToString([]byte(body))
	return input + "." + b64url.EncodeToString(signer([]byte(input)))
}

// es256 returns a function that signs as in RFC 7518 §3.4, without the library under test.
func es256(t testing.TB, private any) func([]byte) []byte {
	t.Helper()
	key, ok := private.(*ecdsa.PrivateKey)
	require.True(t, ok)
	return func(input []byte) []byte {
		digest := sha256.Sum256(input)
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		require.NoError(t, err)
		out := make([]byte, 64)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out
	}
}

// hs256 returns a function that signs with HMAC-SHA256.
func hs256(key []byte) func([]byte) []byte {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

// asn1Signature encodes a signature as TLS does.
func asn1Signature(t *testing.T, raw []byte) []byte {
	t.Helper()
	pair := struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])}
	der, err := asn1.Marshal(pair)
	require.NoError(t, err)
	return der
}

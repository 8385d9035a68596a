package keyring

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// The JWKS has public members only, and the kid is the thumbprint (RFC 7638 §3), computed here by hand.
func TestKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		alg    string
		input  func(k PublicKey) string // of the thumbprint
		expect func(t *testing.T, k PublicKey)
	}{
		{ES256, func(k PublicKey) string {
			return `{"crv":"P-256","kty":"EC","x":"` + k.X + `","y":"` + k.Y + `"}`
		}, func(t *testing.T, k PublicKey) {
			require.Len(t, k.X, 43)
			require.Len(t, k.Y, 43)
			require.Empty(t, k.N+k.E)
		}},
		{RS256, func(k PublicKey) string {
			return `{"e":"AQAB","kty":"RSA","n":"` + k.N + `"}`
		}, func(t *testing.T, k PublicKey) {
			n, err := b64url.DecodeString(k.N)
			require.NoError(t, err)
			require.Equal(t, rsaBits, new(big.Int).SetBytes(n).BitLen())
			require.Empty(t, k.X+k.Y+k.Curve)
		}},
		{EdDSA, func(k PublicKey) string {
			return `{"crv":"Ed25519","kty":"OKP","x":"` + k.X + `"}`
		}, func(t *testing.T, k PublicKey) {
			require.Len(t, k.X, 43)
			require.Empty(t, k.Y+k.N+k.E)
		}},
	} {
		t.Run(c.alg, func(t *testing.T) {
			t.Parallel()
			store := &memoryStore{}
			r := open(t, store, Options{Algorithm: c.alg})
			require.Len(t, r.Keys(), 1)
			k := r.Keys()[0]
			sum := sha256.Sum256([]byte(c.input(k)))
			require.Equal(t, b64url.EncodeToString(sum[:]), k.ID)
			require.Equal(t, c.alg, k.Algorithm)
			require.Equal(t, "sig", k.Use)
			c.expect(t, k)
			require.NotContains(t, string(store.rows[0].Public), `"d"`)
			require.Equal(t, []string{c.alg}, r.Algorithms())
		})
	}
}

// One coordinate in 256 starts with a zero byte, which must be kept (RFC 7518 §6.2.1.2).
func TestCoordinatesKeepLeadingZeros(t *testing.T) {
	t.Parallel()
	for {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		point, err := private.PublicKey.Bytes() // 4 ‖ x ‖ y
		require.NoError(t, err)
		if point[1] != 0 && point[33] != 0 {
			continue
		}
		k, err := publicKey(private.Public(), ES256)
		require.NoError(t, err)
		require.Equal(t, b64url.EncodeToString(point[1:33]), k.X)
		require.Equal(t, b64url.EncodeToString(point[33:]), k.Y)
		return
	}
}

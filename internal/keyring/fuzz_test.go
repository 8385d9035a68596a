package keyring

import (
	"crypto/ed25519"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// fixedRing has one key that is the same in every process, so that what a fuzzing worker is given
// by another one, or by testdata, is a token under its own key. Ed25519 signatures have one form.
func fixedRing(f *testing.F) (*Ring, ed25519.PrivateKey) {
	f.Helper()
	private := ed25519.NewKeyFromSeed(secretA)
	s, err := newSealer([][]byte{secretA})
	require.NoError(f, err)
	row, err := newRow(private, EdDSA, 1, epoch, epoch, s)
	require.NoError(f, err)
	r, err := Open(f.Context(), &memory{rows: []oauth.SigningKey{row}}, options(Options{Algorithm: EdDSA}))
	require.NoError(f, err)
	return r, private
}

func FuzzVerify(f *testing.F) {
	r, private := fixedRing(f)
	signed := map[string]bool{} // what the key has signed and Verify shall accept
	for _, c := range slices.Concat(shapes, judged) {
		if c.header == "" {
			c.header = goodHeader
		}
		c.header = strings.ReplaceAll(c.header, ES256, EdDSA)
		if c.seal == nil {
			c.seal = func(input []byte) []byte { return ed25519.Sign(private, input) }
		}
		token := c.build(f, r)
		signed[token] = c.fault == ""
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := r.Verify(token)
		if signed[token] {
			require.NoError(t, err)
			return
		}
		require.ErrorIs(t, err, oauth.ErrInvalidToken)
		require.Zero(t, claims)
	})
}

// FuzzHeader feeds the header alone, which no signature protects from strangers.
func FuzzHeader(f *testing.F) {
	r, _ := fixedRing(f)
	for _, c := range shapes {
		header := strings.ReplaceAll(c.header, "KID", r.Keys()[0].ID)
		f.Add([]byte(strings.ReplaceAll(header, ES256, EdDSA)))
	}
	f.Fuzz(func(t *testing.T, header []byte) {
		k, err := r.keyFor(header)
		if err != nil {
			require.Nil(t, k)
			return
		}
		var members map[string]any
		require.NoError(t, json.Unmarshal(header, &members))
		require.Equal(t, map[string]any{"alg": EdDSA, "typ": TypeAccessToken, "kid": k.row.ID}, members)
	})
}

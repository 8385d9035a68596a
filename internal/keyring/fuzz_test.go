package keyring

import (
	"crypto/ed25519"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fixedRing returns a ring whose key is the same in every process, so that tokens from testdata and
// from other fuzzing workers are signed with it. Ed25519 is used because it is deterministic.
func fixedRing(f *testing.F) (*Ring, ed25519.PrivateKey) {
	f.Helper()
	private := ed25519.NewKeyFromSeed(secretA)
	s, err := newSealer([][]byte{secretA})
	require.NoError(f, err)
	row, err := newRow(private, EdDSA, 1, epoch, epoch, s)
	require.NoError(f, err)
	r, err := Open(f.Context(), &memoryStore{rows: []SigningKey{row}}, options(Options{Algorithm: EdDSA}))
	require.NoError(f, err)
	return r, private
}

func FuzzVerify(f *testing.F) {
	r, private := fixedRing(f)
	accepted := map[string]bool{} // to whether Verify must accept the token
	for _, c := range slices.Concat(malformed, badClaims) {
		if c.header == "" {
			c.header = validHeader
		}
		c.header = strings.ReplaceAll(c.header, ES256, EdDSA)
		if c.signer == nil {
			c.signer = func(input []byte) []byte { return ed25519.Sign(private, input) }
		}
		token := c.build(f, r)
		accepted[token] = c.reason == ""
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := r.Verify(token)
		if accepted[token] {
			require.NoError(t, err)
			return
		}
		require.ErrorIs(t, err, ErrInvalidToken)
		require.Zero(t, claims)
	})
}

// FuzzHeader tests the header, which is read before the signature is checked.
func FuzzHeader(f *testing.F) {
	r, _ := fixedRing(f)
	for _, c := range malformed {
		header := strings.ReplaceAll(c.header, "KID", r.Keys()[0].ID)
		f.Add([]byte(strings.ReplaceAll(header, ES256, EdDSA)))
	}
	f.Fuzz(func(t *testing.T, header []byte) {
		k, _, err := r.keyFor(header)
		if err != nil {
			require.Nil(t, k)
			return
		}
		var members map[string]any
		require.NoError(t, json.Unmarshal(header, &members))
		require.Equal(t, map[string]any{"alg": EdDSA, "typ": TypeAccessToken, "kid": k.row.ID}, members)
	})
}

// FuzzPayload tests that the fast way to read claims never accepts what the strict one rejects or reads differently.
func FuzzPayload(f *testing.F) {
	f.Add([]byte(plainPayload))
	f.Add([]byte(`{"iss":"i","sub":"s","aud":"a","exp":20,"iat":10,"jti":"j","client_id":"c"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, ok := parsePayload(body)
		if !ok {
			return
		}
		want, notBefore, err := parseAnyClaims(body)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Zero(t, notBefore)
	})
}

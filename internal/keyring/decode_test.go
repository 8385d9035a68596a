package keyring

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	r := open(t, &memoryStore{}, options(Options{}))
	token := mint(t, r)
	d, err := Decode(token)
	require.NoError(t, err)
	require.NoError(t, d.Err)
	claims, err := r.Verify(token)
	require.NoError(t, err)
	require.Equal(t, claims, d.Claims)
	require.Equal(t, r.List()[0].ID, d.KeyID)
	require.Equal(t, ES256, d.Algorithm)
	require.Contains(t, d.Payload, "jti")

	for name, text := range map[string]string{
		"empty": "", "no JWT": "junk", "no JSON": "YQ.YQ.YQ", "too long": strings.Repeat("a", maxToken+1), "line break": "YQ.Y\nQ.YQ",
		"no payload": "e30.YQ.YQ",
	} {
		_, err := Decode(text)
		require.Error(t, err, name)
	}
	foreign, err := Decode("e30.e30.YQ") // {} and {}
	require.NoError(t, err)
	require.ErrorContains(t, foreign.Err, "not")
}

func TestCheckSignature(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	token := mint(t, open(t, store, options(Options{})))
	segments := strings.Split(token, ".")
	for name, test := range map[string]struct {
		store *memoryStore
		token string
		want  Signature
	}{
		"valid":         {store, token, SignatureValid},
		"other content": {store, segments[0] + ".e30." + segments[2], SignatureWrong},
		"unknown key":   {&memoryStore{}, token, SignatureUnknownKey},
		"no JWT":        {store, "junk", SignatureWrong},
	} {
		got, err := CheckSignature(t.Context(), test.store, test.token)
		require.NoError(t, err, name)
		require.Equal(t, test.want, got, name)
	}
}

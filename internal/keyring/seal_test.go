package keyring

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeal(t *testing.T) {
	t.Parallel()
	plain := []byte("a private key")
	sealed := func(t *testing.T) []byte {
		s, err := newSealer([][]byte{secretA})
		require.NoError(t, err)
		return s.seal("kid", ES256, plain)
	}
	for _, c := range []struct {
		name     string
		secrets  [][]byte
		kid, alg string
		damage   func(blob []byte) []byte
		err      error // nil: opens
	}{
		{name: "the same secret"},
		{name: "the second of two secrets", secrets: [][]byte{secretB, secretA}},
		{name: "another secret", secrets: [][]byte{secretB}, err: errOtherSecret},
		{name: "another kid", kid: "dik", err: errTampered},
		{name: "another algorithm", alg: RS256, err: errTampered},
		{name: "the boundary of kid and algorithm moved", kid: "kid\x00E", alg: "S256", err: errTampered},
		{name: "empty", damage: func([]byte) []byte { return nil }, err: errTampered},
		{name: "truncated in the nonce", damage: func(b []byte) []byte { return b[:12] }, err: errTampered},
		{name: "truncated at the end", damage: func(b []byte) []byte { return b[:len(b)-1] }, err: errTampered},
		{name: "one extra byte", damage: func(b []byte) []byte { return append(b, 0) }, err: errTampered},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.secrets == nil {
				c.secrets = [][]byte{secretA}
			}
			if c.kid == "" {
				c.kid = "kid"
			}
			if c.alg == "" {
				c.alg = ES256
			}
			blob := sealed(t)
			if c.damage != nil {
				blob = c.damage(blob)
			}
			s, err := newSealer(c.secrets)
			require.NoError(t, err)
			got, err := s.open(c.kid, c.alg, blob)
			require.ErrorIs(t, err, c.err)
			if c.err == nil {
				require.Equal(t, plain, got)
			}
		})
	}
}

func TestOpenDetectsEveryChangedByte(t *testing.T) {
	t.Parallel()
	s, err := newSealer([][]byte{secretA})
	require.NoError(t, err)
	blob := s.seal("kid", ES256, []byte("a private key"))
	require.NotContains(t, string(blob), "private")
	for i := range blob {
		damaged := slices.Clone(blob)
		damaged[i] ^= 1
		_, err := s.open("kid", ES256, damaged)
		require.Error(t, err, "byte %d", i)
	}
	require.NotEqual(t, blob, s.seal("kid", ES256, []byte("a private key")), "each seal has a fresh nonce")
}

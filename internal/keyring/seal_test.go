package keyring

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
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
		fault    error // nil: opens
	}{
		{name: "the same secret"},
		{name: "a second secret opens too", secrets: [][]byte{secretB, secretA}},
		{name: "another secret", secrets: [][]byte{secretB}, fault: errOtherSecret},
		{name: "another kid", kid: "dik", fault: errTampered},
		{name: "another algorithm", alg: RS256, fault: errTampered},
		{name: "the border of kid and algorithm moved", kid: "kid\x00E", alg: "S256", fault: errTampered},
		{name: "empty", damage: func([]byte) []byte { return nil }, fault: errTampered},
		{name: "cut in the nonce", damage: func(b []byte) []byte { return b[:12] }, fault: errTampered},
		{name: "cut at the end", damage: func(b []byte) []byte { return b[:len(b)-1] }, fault: errTampered},
		{name: "one byte more", damage: func(b []byte) []byte { return append(b, 0) }, fault: errTampered},
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
			require.ErrorIs(t, err, c.fault)
			if c.fault == nil {
				require.Equal(t, plain, got)
			}
		})
	}
}

func TestSealNoticesEveryByte(t *testing.T) {
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
	require.NotEqual(t, blob, s.seal("kid", ES256, []byte("a private key")), "each seal has its own nonce")
}

func TestDerive(t *testing.T) {
	t.Parallel()
	one := Derive(secretA, "one")
	require.Len(t, one, 32)
	require.Equal(t, one, Derive(secretA, "one"))
	require.NotEqual(t, one, Derive(secretA, "two"))
	require.NotEqual(t, one, Derive(secretB, "one"))
}

func TestOpenRefusesRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		o      Options
		change func(rows []oauth.SigningKey)
		fault  string
	}{
		{name: "wrong secret", o: Options{Secrets: [][]byte{secretB}}, fault: "LATCHKEY_SECRET is not the one"},
		{name: "private halves swapped", fault: "not what was sealed", change: func(rows []oauth.SigningKey) {
			rows[0].Sealed, rows[1].Sealed = rows[1].Sealed, rows[0].Sealed
		}},
		{name: "public halves swapped", fault: "cannot be opened", change: func(rows []oauth.SigningKey) {
			rows[0].Public, rows[1].Public = rows[1].Public, rows[0].Public
		}},
		{name: "a byte changed", fault: "not what was sealed", change: func(rows []oauth.SigningKey) {
			rows[0].Sealed = bytes.Clone(rows[0].Sealed)
			rows[0].Sealed[40] ^= 1
		}},
		{name: "another algorithm", fault: "no key for", change: func(rows []oauth.SigningKey) {
			rows[0].Algorithm = EdDSA
		}},
		{name: "unsealed, so that nothing says it is ours", fault: "not what was sealed", change: func(rows []oauth.SigningKey) {
			rows[0].Sealed = nil
		}},
		{name: "another public half", fault: "not what was sealed", change: func(rows []oauth.SigningKey) {
			rows[0].Public = []byte(`{"kty":"EC","crv":"P-256",` +
				`"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`)
		}},
		{name: "no JWK", fault: "no JWK", change: func(rows []oauth.SigningKey) {
			rows[0].Public = []byte(`{"kty":"EC"}`)
		}},
		{name: "a symmetric JWK", fault: "no key for", change: func(rows []oauth.SigningKey) {
			rows[0].Public = []byte(`{"kty":"oct","k":"c2VjcmV0"}`)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := &memory{}
			open(t, store, Options{})
			open(t, store, Options{Algorithm: EdDSA})
			require.Len(t, store.rows, 2)
			if c.change != nil {
				store.edit(c.change)
			}
			before, added := slices.Clone(store.rows), store.added

			_, err := Open(t.Context(), store, options(c.o))
			require.ErrorContains(t, err, c.fault)
			require.ErrorContains(t, err, store.rows[0].ID)
			require.NotContains(t, err.Error(), string(secretA))
			require.Equal(t, before, store.rows)
			require.Equal(t, added, store.added, "no key is made in its place")
		})
	}
}

// A private half put in the row by somebody who knows the secret must still fit the public one.
func TestOpenRefusesAnotherPrivateHalf(t *testing.T) {
	t.Parallel()
	store, other := &memory{}, &memory{}
	r := open(t, store, Options{})
	stranger := open(t, other, Options{}).keys.Load().newest()
	row, err := newRow(stranger.private, ES256, 1, epoch, epoch, r.sealer)
	require.NoError(t, err)
	der, err := r.sealer.open(row.ID, ES256, row.Sealed)
	require.NoError(t, err)
	store.edit(func(rows []oauth.SigningKey) { rows[0].Sealed = r.sealer.seal(rows[0].ID, ES256, der) })
	require.ErrorIs(t, r.Refresh(t.Context()), errTampered)
}

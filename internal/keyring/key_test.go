package keyring

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpenRejectsModifiedRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		o      Options
		change func(rows []SigningKey)
		want   string // in the error
	}{
		{name: "wrong secret", o: Options{Secrets: [][]byte{secretB}}, want: "LATCHKEY_SECRET is not the one"},
		{name: "private keys swapped", want: "corrupt or has been modified", change: func(rows []SigningKey) {
			rows[0].Sealed, rows[1].Sealed = rows[1].Sealed, rows[0].Sealed
		}},
		{name: "public keys swapped", want: "cannot be opened", change: func(rows []SigningKey) {
			rows[0].Public, rows[1].Public = rows[1].Public, rows[0].Public
		}},
		{name: "a byte changed", want: "corrupt or has been modified", change: func(rows []SigningKey) {
			rows[0].Sealed = bytes.Clone(rows[0].Sealed)
			rows[0].Sealed[40] ^= 1
		}},
		{name: "another algorithm", want: "not a key for", change: func(rows []SigningKey) {
			rows[0].Algorithm = EdDSA
		}},
		{name: "not sealed", want: "corrupt or has been modified", change: func(rows []SigningKey) {
			rows[0].Sealed = nil
		}},
		{name: "another public key", want: "corrupt or has been modified", change: func(rows []SigningKey) {
			rows[0].Public = []byte(`{"kty":"EC","crv":"P-256",` +
				`"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`)
		}},
		{name: "not a JWK", want: "not a JWK", change: func(rows []SigningKey) {
			rows[0].Public = []byte(`{"kty":"EC"}`)
		}},
		{name: "a symmetric JWK", want: "not a key for", change: func(rows []SigningKey) {
			rows[0].Public = []byte(`{"kty":"oct","k":"c2VjcmV0"}`)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store := &memoryStore{}
			open(t, store, Options{})
			open(t, store, Options{Algorithm: EdDSA})
			require.Len(t, store.rows, 2)
			if c.change != nil {
				store.edit(c.change)
			}
			before, adds := slices.Clone(store.rows), store.adds

			_, err := Open(t.Context(), store, options(c.o))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, store.rows[0].ID)
			require.NotContains(t, err.Error(), string(secretA))
			require.Equal(t, before, store.rows)
			require.Equal(t, adds, store.adds, "no key is created instead")
		})
	}
}

// A private key that was sealed with the right secret must still match the public key.
func TestOpenRejectsAnotherPrivateKey(t *testing.T) {
	t.Parallel()
	store, other := &memoryStore{}, &memoryStore{}
	r := open(t, store, Options{})
	foreign := open(t, other, Options{}).keys.Load().newest()
	row, err := newRow(foreign.private, ES256, 1, epoch, epoch, r.sealer)
	require.NoError(t, err)
	der, err := r.sealer.open(row.ID, ES256, row.Sealed)
	require.NoError(t, err)
	store.edit(func(rows []SigningKey) { rows[0].Sealed = r.sealer.seal(rows[0].ID, ES256, der) })
	require.ErrorIs(t, r.Refresh(t.Context()), errTampered)
}

// An attacker who can write rows cannot add a key, not even with the seal of an erased private key.
func TestErasedSealIsBoundToItsKey(t *testing.T) {
	t.Parallel()
	store, other := &memoryStore{}, &memoryStore{}
	r := open(t, store, Options{})
	open(t, other, Options{})
	require.NoError(t, r.apply(t.Context(), erasePrivate, r.keys.Load().newest()))
	injected := other.rows[0]
	injected.Generation, injected.Sealed = 2, store.rows[0].Sealed
	require.NoError(t, store.AddSigningKey(t.Context(), injected))
	require.ErrorIs(t, r.Refresh(t.Context()), errTampered)
}

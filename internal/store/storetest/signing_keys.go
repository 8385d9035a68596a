package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/keyring"
)

var signingKeyTests = tests[Database]{
	"stored fields":     keyStoredFields,
	"no private key":    keyWithoutPrivate,
	"exists":            keyExists,
	"same generation":   keySameGeneration,
	"replace sealed":    keyReplace,
	"replace at once":   keyReplaceAtOnce,
	"erase private key": keyErase,
	"delete":            keyDelete,
}

func mustAddKey(t *testing.T, db Database, k keyring.SigningKey) {
	t.Helper()
	require.NoError(t, db.AddSigningKey(t.Context(), k))
}

func requireKeys(t *testing.T, db Database, want ...keyring.SigningKey) {
	t.Helper()
	keys, err := db.SigningKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, keys)
}

func keyStoredFields(t *testing.T, db Database) {
	keys, err := db.SigningKeys(t.Context())
	require.NoError(t, err)
	require.Empty(t, keys)

	want := []keyring.SigningKey{newKey(1), newKey(2), newKey(10)}
	for _, i := range []int{2, 0, 1} { // the list is in the order of the generations
		requireNoZeroFields(t, want[i])
		mustAddKey(t, db, want[i])
	}
	requireKeys(t, db, want...)
}

func keyWithoutPrivate(t *testing.T, db Database) {
	k := newKey(1)
	k.Sealed = nil
	mustAddKey(t, db, k)
	keys, err := db.SigningKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, keys, 1)
	require.Empty(t, keys[0].Sealed)
}

func keyExists(t *testing.T, db Database) {
	k, sameGeneration, sameID := newKey(1), newKey(1), newKey(2)
	sameID.ID = k.ID
	mustAddKey(t, db, k)
	require.ErrorIs(t, db.AddSigningKey(t.Context(), sameGeneration), fault.ErrAlreadyExists)
	require.ErrorIs(t, db.AddSigningKey(t.Context(), sameID), fault.ErrAlreadyExists)
	requireKeys(t, db, k)
}

func keySameGeneration(t *testing.T, db Database) {
	requireOneSucceeds(t, fault.ErrAlreadyExists, inParallel(20, func(int) error { return db.AddSigningKey(t.Context(), newKey(1)) }))
}

func keyReplace(t *testing.T, db Database) {
	k, other := newKey(1), newKey(2)
	mustAddKey(t, db, k)
	mustAddKey(t, db, other)
	require.ErrorIs(t, db.ReplaceSealed(t.Context(), "none", k.Sealed, randomBytes(64)), fault.ErrNotFound)
	for _, wrong := range [][]byte{nil, other.Sealed, k.Sealed[:63]} {
		require.ErrorIs(t, db.ReplaceSealed(t.Context(), k.ID, wrong, randomBytes(64)), fault.ErrNotFound)
	}
	requireKeys(t, db, k, other)
}

func keyReplaceAtOnce(t *testing.T, db Database) {
	k, other := newKey(1), newKey(2)
	mustAddKey(t, db, k)
	mustAddKey(t, db, other)
	requireOneSucceeds(t, fault.ErrNotFound, inParallel(20, func(int) error {
		return db.ReplaceSealed(t.Context(), k.ID, k.Sealed, []byte("next"))
	}))
	k.Sealed = []byte("next")
	requireKeys(t, db, k, other)
}

func keyErase(t *testing.T, db Database) {
	k, other := newKey(1), newKey(2)
	mustAddKey(t, db, k)
	mustAddKey(t, db, other)
	require.NoError(t, db.ReplaceSealed(t.Context(), k.ID, k.Sealed, nil))
	require.ErrorIs(t, db.ReplaceSealed(t.Context(), k.ID, k.Sealed, []byte("again")), fault.ErrNotFound)
	keys, err := db.SigningKeys(t.Context())
	require.NoError(t, err)
	require.Empty(t, keys[0].Sealed)
	require.Equal(t, other, keys[1])
}

func keyDelete(t *testing.T, db Database) {
	k, other := newKey(1), newKey(2)
	mustAddKey(t, db, k)
	mustAddKey(t, db, other)
	require.NoError(t, db.DeleteSigningKey(t.Context(), k.ID))
	require.ErrorIs(t, db.DeleteSigningKey(t.Context(), k.ID), fault.ErrNotFound)
	requireKeys(t, db, other)
}

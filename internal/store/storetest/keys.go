package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func testKeys(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"round trip":     keyRoundTrip,
		"open end":       keyOpenEnd,
		"in use already": keyExists,
		"at once":        keyAtOnce,
		"replace sealed": keyReplace,
		"delete":         keyDelete,
	})
}

func keyRoundTrip(t *testing.T, w World) {
	keys, err := w.SigningKeys(t.Context())
	require.NoError(t, err)
	require.Empty(t, keys)

	want := []oauth.SigningKey{newKey(1), newKey(2), newKey(10)}
	for _, i := range []int{2, 0, 1} { // lowest generation first, not first made
		requireFilled(t, want[i])
		require.NoError(t, w.AddSigningKey(t.Context(), want[i]))
	}
	keys, err = w.SigningKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, keys)
}

func keyOpenEnd(t *testing.T, w World) {
	k := newKey(1)
	k.SignsUntil, k.Sealed = time.Time{}, nil
	require.NoError(t, w.AddSigningKey(t.Context(), k))
	keys, err := w.SigningKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, keys, 1)
	require.True(t, keys[0].SignsUntil.IsZero())
	require.Empty(t, keys[0].Sealed)
}

func keyExists(t *testing.T, w World) {
	k, sameGeneration, sameID := newKey(1), newKey(1), newKey(2)
	sameID.ID = k.ID
	require.NoError(t, w.AddSigningKey(t.Context(), k))
	require.ErrorIs(t, w.AddSigningKey(t.Context(), sameGeneration), oauth.ErrExists)
	require.ErrorIs(t, w.AddSigningKey(t.Context(), sameID), oauth.ErrExists)
	keys, err := w.SigningKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, []oauth.SigningKey{k}, keys)
}

func keyAtOnce(t *testing.T, w World) {
	won := 0
	for _, err := range inParallel(20, func(int) error { return w.AddSigningKey(t.Context(), newKey(1)) }) {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, oauth.ErrExists)
	}
	require.Equal(t, 1, won)
}

func requireKeys(t *testing.T, w World, want ...oauth.SigningKey) {
	t.Helper()
	keys, err := w.SigningKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, keys)
}

func keyReplace(t *testing.T, w World) {
	k, other := newKey(1), newKey(2)
	require.NoError(t, w.AddSigningKey(t.Context(), k))
	require.NoError(t, w.AddSigningKey(t.Context(), other))
	require.ErrorIs(t, w.ReplaceSealed(t.Context(), "none", k.Sealed, random(64)), account.ErrNotFound)
	for _, stale := range [][]byte{nil, other.Sealed, k.Sealed[:63]} {
		require.ErrorIs(t, w.ReplaceSealed(t.Context(), k.ID, stale, random(64)), account.ErrNotFound)
	}
	requireKeys(t, w, k, other)

	won := 0
	for _, err := range inParallel(20, func(int) error { return w.ReplaceSealed(t.Context(), k.ID, k.Sealed, []byte("next")) }) {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, account.ErrNotFound)
	}
	require.Equal(t, 1, won)
	k.Sealed = []byte("next")
	requireKeys(t, w, k, other)

	// The private half can be erased, and is not there to be replaced then.
	require.NoError(t, w.ReplaceSealed(t.Context(), k.ID, k.Sealed, nil))
	require.ErrorIs(t, w.ReplaceSealed(t.Context(), k.ID, k.Sealed, []byte("again")), account.ErrNotFound)
	keys, err := w.SigningKeys(t.Context())
	require.NoError(t, err)
	require.Empty(t, keys[0].Sealed)
	require.Equal(t, other, keys[1])
}

func keyDelete(t *testing.T, w World) {
	k, other := newKey(1), newKey(2)
	require.NoError(t, w.AddSigningKey(t.Context(), k))
	require.NoError(t, w.AddSigningKey(t.Context(), other))
	require.NoError(t, w.DeleteSigningKey(t.Context(), k.ID))
	require.ErrorIs(t, w.DeleteSigningKey(t.Context(), k.ID), account.ErrNotFound)
	requireKeys(t, w, other)
}

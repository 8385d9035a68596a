package keyring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

func TestRotate(t *testing.T) {
	t.Parallel()
	store, c := &memoryStore{}, newClock()
	service := open(t, store, Options{Now: c.Now, Algorithm: EdDSA})
	tool := attach(t, store, Options{Now: c.Now})
	next, err := tool.Rotate(t.Context(), time.Hour, false)
	require.NoError(t, err)
	require.Equal(t, Status{
		ID: next.ID, Generation: 2, Algorithm: EdDSA, State: Pending, CreatedAt: epoch, SignsFrom: epoch.Add(time.Hour), Current: true,
	}, next, "with the algorithm of the previous key")
	require.NoError(t, service.Maintain(t.Context()))
	require.Equal(t, []State{Signing, Pending}, states(service))
	require.Equal(t, next.SignsFrom, service.List()[0].SignsUntil)
	require.Len(t, service.Keys(), 2)

	c.add(time.Hour)
	require.Equal(t, []State{Retired, Signing}, states(service))
	require.NotEmpty(t, service.keys.Load().newest().row.Sealed)
}

func TestRotateAndRevokeWithoutKeys(t *testing.T) {
	t.Parallel()
	store := &memoryStore{}
	tool := attach(t, store, Options{})
	require.Empty(t, tool.List())
	_, err := tool.Rotate(t.Context(), time.Hour, false)
	require.ErrorIs(t, err, errNoKeys)
	require.ErrorIs(t, tool.Revoke(t.Context(), "unknown"), fault.ErrNotFound)
	require.Empty(t, store.rows)
}

// The next rotation is where the next key begins, and while there is none, where it should.
func TestNextRotation(t *testing.T) {
	t.Parallel()
	c := newClock()
	ring := open(t, &memoryStore{}, Options{Now: c.Now, Algorithm: EdDSA})
	first := ring.List()[0]
	require.Equal(t, first.SignsFrom.Add(30*24*time.Hour), ring.NextRotation())
	next, err := ring.Rotate(t.Context(), time.Hour, false)
	require.NoError(t, err)
	require.Equal(t, next.SignsFrom, ring.NextRotation())
	c.add(31 * 24 * time.Hour)
	require.True(t, ring.NextRotation().Before(c.Now()), "the key that nobody has made is late")
	require.Zero(t, attach(t, &memoryStore{}, Options{}).NextRotation())
}

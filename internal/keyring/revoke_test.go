package keyring

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Other replicas reject a revoked key after their next poll, even with a slow clock, and there is always
// a key that signs: the pending one, which verifiers know, or else a new one.
func TestRevoke(t *testing.T) {
	t.Parallel()
	for _, pending := range []bool{true, false} {
		t.Run(map[bool]string{true: "replaced by the pending key", false: "replaced by a new key"}[pending], func(t *testing.T) {
			t.Parallel()
			store, c := &memoryStore{}, newClock()
			a := open(t, store, Options{Now: c.Now})
			b := open(t, store, Options{Now: func() time.Time { return c.Now().Add(-time.Minute) }})
			c.add(time.Hour)
			var next Status
			if pending {
				var err error
				next, err = a.Rotate(t.Context(), time.Hour, false)
				require.NoError(t, err)
			}
			token := mint(t, b)
			stolen := a.List()[0].ID
			require.NoError(t, a.Revoke(t.Context(), stolen))
			_, err := a.Verify(token)
			require.ErrorIs(t, err, ErrInvalidToken)
			require.NoError(t, b.Maintain(t.Context()))
			_, err = b.Verify(token)
			require.ErrorIs(t, err, ErrInvalidToken)

			_, err = a.Verify(mint(t, b))
			require.NoError(t, err)
			require.Equal(t, []State{Signing}, states(b))
			require.Equal(t, pending, b.List()[0].ID == next.ID)
			require.ErrorIs(t, b.Revoke(t.Context(), stolen), fault.ErrNotFound)
		})
	}
}

// Revoking a pending or a retired key does not affect the one that signs.
func TestRevokeKeysThatDoNotSign(t *testing.T) {
	t.Parallel()
	store, c := &memoryStore{}, newClock()
	r := open(t, store, Options{Now: c.Now})
	first := mint(t, r)
	_, err := r.Rotate(t.Context(), time.Hour, false)
	require.NoError(t, err)
	c.add(time.Hour)
	_, err = r.Rotate(t.Context(), time.Hour, false)
	require.NoError(t, err)
	require.Equal(t, []State{Retired, Signing, Pending}, states(r))
	all := r.List()
	require.NoError(t, r.Revoke(t.Context(), all[2].ID))
	require.NoError(t, r.Revoke(t.Context(), all[0].ID))
	require.Equal(t, []State{Signing}, states(r))
	require.Equal(t, all[1].ID, r.List()[0].ID)
	_, err = r.Verify(first)
	require.ErrorIs(t, err, ErrInvalidToken)
}

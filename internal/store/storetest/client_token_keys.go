package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// clientTokenKeys replaces no keys by one, one by two, and two by another.
func clientTokenKeys(t *testing.T, db Database) {
	c, other := newClient(), mustCreateClient(t, db)
	c.TokenKeys = oauth.TokenKeys{}
	require.NoError(t, db.CreateClient(t.Context(), c, noRecord))
	requireClient(t, db, c)
	first, second, third := randomBytes(64), randomBytes(64), randomBytes(64)
	for _, next := range []oauth.TokenKeys{
		{Current: first}, {Current: first, Next: second, NextFrom: noon.Add(time.Hour)}, {Current: third}, {},
	} {
		require.NoError(t, db.SwapTokenKeys(t.Context(), c.ID, c.TokenKeys, next, noRecord))
		c.TokenKeys = next
		requireClient(t, db, c)
	}
	requireClient(t, db, other)
}

func clientTokenKeysRefused(t *testing.T, db Database) {
	c := mustCreateClient(t, db)
	have, to := c.TokenKeys, oauth.TokenKeys{Current: randomBytes(64)}
	for _, from := range []oauth.TokenKeys{
		{}, {Current: have.Current}, {Next: have.Next}, {Current: have.Next, Next: have.Current}, {Current: have.Current, Next: randomBytes(64)},
	} {
		require.ErrorIs(t, db.SwapTokenKeys(t.Context(), c.ID, from, to, noRecord), fault.ErrNotFound)
	}
	for _, id := range []string{"", "x", "\x00"} {
		require.ErrorIs(t, db.SwapTokenKeys(t.Context(), id, have, to, noRecord), fault.ErrNotFound, id)
		require.ErrorIs(t, db.SwapTokenKeys(t.Context(), id, oauth.TokenKeys{}, to, noRecord), fault.ErrNotFound, id)
	}
	requireClient(t, db, c)
}

// clientTokenKeysAtOnce checks that of several callers one replaces the keys.
func clientTokenKeysAtOnce(t *testing.T, db Database) {
	for range rounds {
		c := mustCreateClient(t, db)
		errs := inParallel(4, func(int) error {
			return db.SwapTokenKeys(t.Context(), c.ID, c.TokenKeys, oauth.TokenKeys{Current: randomBytes(64)}, noRecord)
		})
		swapped := 0
		for _, err := range errs {
			if err == nil {
				swapped++
				continue
			}
			require.ErrorIs(t, err, fault.ErrNotFound)
		}
		require.Equal(t, 1, swapped)
	}
}

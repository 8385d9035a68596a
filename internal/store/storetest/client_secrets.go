package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// clientRotateSecret checks that the newest secret remains until a time, and that the older one is deleted.
func clientRotateSecret(t *testing.T, db Database) {
	c, other := mustCreateClient(t, db), mustCreateClient(t, db)
	newest, oldest := c.Secrets[0], c.Secrets[1]
	require.True(t, newest.CreatedAt.After(oldest.CreatedAt))
	secret, until := oauth.ClientSecret{Hash: randomBytes(32), CreatedAt: noon.Add(time.Hour)}, noon.Add(90*time.Minute)
	require.NoError(t, db.RotateClientSecret(t.Context(), c.ID, secret, until, noRecord))
	newest.ExpiresAt = until
	c.Secrets = []oauth.ClientSecret{secret, newest}
	requireClient(t, db, c)
	requireClient(t, db, other)
}

// clientRotateExpiry checks that a secret without an end gets one, and that an earlier end remains.
func clientRotateExpiry(t *testing.T, db Database) {
	c := newClient()
	first := oauth.ClientSecret{Hash: randomBytes(32), CreatedAt: noon}
	second := oauth.ClientSecret{Hash: randomBytes(32), CreatedAt: noon.Add(time.Hour), ExpiresAt: noon.Add(3 * time.Hour)}
	third := oauth.ClientSecret{Hash: randomBytes(32), CreatedAt: noon.Add(2 * time.Hour)}
	c.Secrets = []oauth.ClientSecret{first}
	require.NoError(t, db.CreateClient(t.Context(), c, noRecord))

	require.NoError(t, db.RotateClientSecret(t.Context(), c.ID, second, noon.Add(4*time.Hour), noRecord))
	first.ExpiresAt = noon.Add(4 * time.Hour)
	c.Secrets = []oauth.ClientSecret{second, first}
	requireClient(t, db, c)
	require.NoError(t, db.RotateClientSecret(t.Context(), c.ID, third, noon.Add(9*time.Hour), noRecord))
	c.Secrets = []oauth.ClientSecret{third, second}
	requireClient(t, db, c)
}

func clientRotateRefused(t *testing.T, db Database) {
	c := mustCreateClient(t, db)
	for _, id := range []string{"", "x", "\x00"} {
		err := db.RotateClientSecret(t.Context(), id, oauth.ClientSecret{Hash: randomBytes(32), CreatedAt: noon}, noon, noRecord)
		require.ErrorIs(t, err, fault.ErrNotFound, id)
	}
	require.ErrorIs(t, db.RotateClientSecret(t.Context(), c.ID, c.Secrets[0], noon, noRecord), fault.ErrAlreadyExists)
	requireClient(t, db, c)
}

// clientRotateInOneSecond rotates twice in the same second. The secret of the first rotation remains.
func clientRotateInOneSecond(t *testing.T, db Database) {
	for range 10 { // the order of the random hashes must not matter
		c := newClient()
		c.Secrets = []oauth.ClientSecret{{Hash: randomBytes(32), CreatedAt: noon}}
		require.NoError(t, db.CreateClient(t.Context(), c, noRecord))
		second, third := oauth.ClientSecret{Hash: randomBytes(32), CreatedAt: noon}, oauth.ClientSecret{Hash: randomBytes(32), CreatedAt: noon}
		require.NoError(t, db.RotateClientSecret(t.Context(), c.ID, second, noon.Add(time.Hour), noRecord))
		require.NoError(t, db.RotateClientSecret(t.Context(), c.ID, third, noon.Add(time.Hour), noRecord))
		second.ExpiresAt = noon.Add(time.Hour)
		c.Secrets = []oauth.ClientSecret{third, second}
		requireClient(t, db, c)
	}
}

func clientRotateAtOnce(t *testing.T, db Database) {
	for range rounds {
		c := mustCreateClient(t, db)
		errs := inParallel(2, func(int) error {
			return db.RotateClientSecret(t.Context(), c.ID, oauth.ClientSecret{Hash: randomBytes(32), CreatedAt: noon.Add(time.Hour)}, noon, noRecord)
		})
		require.NoError(t, errors.Join(errs...))
		got, err := db.ClientByID(t.Context(), c.ID)
		require.NoError(t, err)
		require.Len(t, got.Secrets, 2)
	}
}

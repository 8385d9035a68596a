package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

func testMigrate(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"up twice":       migrateTwice,
		"down then up":   migrateDownUp,
		"newer schema":   migrateNewer,
		"status of each": migrateStatus,
		"to version 1":   migrateFirst,
	})
}

func migrateTwice(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	applied, err := w.Up(t.Context())
	require.NoError(t, err)
	require.Zero(t, applied)
	got, err := w.UserByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, u, got)
}

func migrateDownUp(t *testing.T, w World) {
	u := mustCreate(t, w, nil)
	steps, err := w.Status(t.Context())
	require.NoError(t, err)
	for range steps {
		require.NoError(t, w.Down(t.Context()))
	}
	require.ErrorContains(t, w.Down(t.Context()), "no migration to take back")
	_, err = w.UserByID(t.Context(), u.ID)
	require.Error(t, err) // there are no tables

	applied, err := w.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(steps), applied)
	_, err = w.UserByID(t.Context(), u.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
	mustCreate(t, w, nil)
}

func migrateNewer(t *testing.T, w World) {
	w.Exec(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`)
	_, err := w.Up(t.Context())
	require.ErrorContains(t, err, "run a newer program")
	require.ErrorContains(t, w.Down(t.Context()), "run a newer program")
	mustCreate(t, w, nil) // and nothing has been taken down
}

func migrateStatus(t *testing.T, w World) {
	steps, err := w.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, "00001_init.sql", steps[0].Name)
	for i, step := range steps {
		require.EqualValues(t, i+1, step.Version)
		require.WithinDuration(t, time.Now(), step.AppliedAt, time.Minute)
		require.Equal(t, time.UTC, step.AppliedAt.Location())
	}
	require.NoError(t, w.Down(t.Context()))
	steps, err = w.Status(t.Context())
	require.NoError(t, err)
	require.True(t, steps[len(steps)-1].AppliedAt.IsZero())
}

// migrateFirst takes a full database back to version 1 and up again: whatever that version knows stays.
func migrateFirst(t *testing.T, w World) {
	u, c, k := mustCreate(t, w, nil), newClient(), newKey(1)
	s, own := mustSignIn(t, w, u, nil), newOwnSession()
	require.NoError(t, w.CreateClient(t.Context(), c, none))
	require.NoError(t, w.AddSigningKey(t.Context(), k))
	require.NoError(t, w.CreateSession(t.Context(), own, none))
	steps, err := w.Status(t.Context())
	require.NoError(t, err)
	for range steps[1:] {
		require.NoError(t, w.Down(t.Context()))
	}
	_, err = w.Up(t.Context())
	require.NoError(t, err)

	u.DisabledUntil = time.Time{}
	requireUser(t, w, u)
	requireKeys(t, w, k)
	c.SessionIdle, c.SessionMax = 0, 0
	requireClient(t, w, c)
	s.Counter, s.Repeats, s.RotatedAt = 0, 0, s.CreatedAt
	requireSession(t, w, s)
	_, _, err = w.SessionByID(t.Context(), own.ID)
	require.ErrorIs(t, err, account.ErrNotFound, "version 1 has no sessions of clients")
}

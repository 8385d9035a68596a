package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// signedIn gives a user and his session.
func signedIn(t *testing.T, s *Store) (account.User, oauth.Session) {
	t.Helper()
	u := storetest.NewUser()
	require.NoError(t, s.CreateUser(t.Context(), u))
	n := oauth.Session{
		ID: storetest.NewUser().ID, FamilyID: []byte(u.ID), UserID: u.ID, UserEpoch: u.Epoch,
		CreatedAt: now, IdleUntil: now.Add(time.Hour), AbsoluteUntil: now.Add(time.Hour),
	}
	require.NoError(t, s.CreateSession(t.Context(), n))
	return u, n
}

func rotation(n oauth.Session) oauth.Rotation {
	return oauth.Rotation{FamilyID: n.FamilyID, Counter: n.Counter, ClientID: n.ClientID, Now: now, IdleUntil: n.IdleUntil}
}

// whileLocked runs statements in a transaction, starts do, commits when do waits for a lock, and gives
// what do answers.
func whileLocked(t *testing.T, s *Store, statements func(pgx.Tx) error, do func() error) error {
	t.Helper()
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context()) //nolint:errcheck // after Commit it has nothing to do
	require.NoError(t, statements(tx))
	done := make(chan error, 1)
	go func() { done <- do() }()
	const waiting = `SELECT count(*) FROM pg_locks l WHERE NOT granted AND pg_backend_pid() <> l.pid
		AND $1 = ANY(pg_blocking_pids(l.pid))`
	require.Eventually(t, func() bool {
		n, err := one(t.Context(), s, pgx.RowTo[int], waiting, tx.Conn().PgConn().PID())
		return err == nil && n > 0
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, tx.Commit(t.Context()))
	return <-done
}

// ends are the acts that end a user's sessions, by their statements and by their method.
func ends(t *testing.T, s *Store) map[string]struct {
	statements []string
	do         func(id string) error
} {
	t.Helper()
	type end = struct {
		statements []string
		do         func(id string) error
	}
	return map[string]end{
		"SetActive": {
			[]string{`UPDATE users SET active = FALSE, epoch = epoch + 1`, `UPDATE sessions SET revoked_at = created_at`},
			func(id string) error { return s.SetActive(t.Context(), id, false, now) },
		},
		"SetPassword": {
			[]string{`UPDATE users SET epoch = epoch + 1`, `UPDATE sessions SET revoked_at = created_at`},
			func(id string) error { return s.SetPassword(t.Context(), id, "new", "", now) },
		},
	}
}

// TestRefreshWaits: a refresh that began before a session was ended, and waits for it, loses.
func TestRefreshWaits(t *testing.T) {
	t.Parallel()
	for name := range ends(t, nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openUp(t, storetest.PostgresURL(t))
			_, n := signedIn(t, s)
			err := whileLocked(t, s, func(tx pgx.Tx) error {
				for _, sql := range ends(t, s)[name].statements {
					if _, err := tx.Exec(t.Context(), sql); err != nil {
						return err
					}
				}
				return nil
			}, func() error { return s.RotateSession(t.Context(), rotation(n)) })
			require.ErrorIs(t, err, account.ErrNotFound)
		})
	}
}

// TestRefreshFirst: what ends the sessions and waits for a refresh ends the refreshed session, too.
func TestRefreshFirst(t *testing.T) {
	t.Parallel()
	for name := range ends(t, nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openUp(t, storetest.PostgresURL(t))
			u, n := signedIn(t, s)
			require.NoError(t, whileLocked(t, s, func(tx pgx.Tx) error {
				r := rotation(n)
				_, err := tx.Exec(t.Context(), rotateSession, r.Now, r.IdleUntil, r.Address, r.FamilyID, r.Counter, r.ClientID)
				return err
			}, func() error { return ends(t, s)[name].do(u.ID) }))
			got, _, err := s.SessionByID(t.Context(), n.ID)
			require.NoError(t, err)
			require.EqualValues(t, 1, got.Counter, "the refresh came first")
			require.False(t, got.RevokedAt.IsZero())
		})
	}
}

// TestSignInFirst: what ends the sessions sees the one of a sign-in that it waited for.
func TestSignInFirst(t *testing.T) {
	t.Parallel()
	for name := range ends(t, nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openUp(t, storetest.PostgresURL(t))
			u, n := signedIn(t, s)
			const second = `INSERT INTO sessions SELECT $1::uuid, '\x00', user_id, user_epoch, client_id, scopes, address, user_agent,
				created_at, last_used_at, idle_until, absolute_until, NULL, NULL, counter, rotated_at, repeats FROM sessions WHERE id = $2`
			id := storetest.NewUser().ID
			require.NoError(t, whileLocked(t, s, func(tx pgx.Tx) error {
				if _, err := tx.Exec(t.Context(), lockUser, u.ID); err != nil {
					return err
				}
				_, err := tx.Exec(t.Context(), second, id, n.ID)
				return err
			}, func() error { return ends(t, s)[name].do(u.ID) }))
			got, _, err := s.SessionByID(t.Context(), id)
			require.NoError(t, err)
			require.False(t, got.RevokedAt.IsZero())
		})
	}
}

// TestSignInWaits: a sign-in that waits for a password change or for disabling loses.
func TestSignInWaits(t *testing.T) {
	t.Parallel()
	for name := range ends(t, nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openUp(t, storetest.PostgresURL(t))
			_, n := signedIn(t, s)
			n.ID, n.FamilyID = storetest.NewUser().ID, []byte("another")
			err := whileLocked(t, s, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), ends(t, s)[name].statements[0])
				return err
			}, func() error { return s.CreateSession(t.Context(), n) })
			require.ErrorIs(t, err, account.ErrNotFound)
		})
	}
}

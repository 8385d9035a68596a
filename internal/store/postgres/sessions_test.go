package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// signedIn gives a user and his session.
func signedIn(t *testing.T, s *Store) (account.User, oauth.Session) {
	t.Helper()
	u := storetest.NewUser()
	require.NoError(t, s.CreateUser(t.Context(), u, audit.Note{}))
	n := oauth.Session{
		ID: storetest.NewUser().ID, FamilyID: []byte(u.ID), UserID: u.ID, UserEpoch: u.Epoch,
		CreatedAt: now, IdleUntil: now.Add(time.Hour), AbsoluteUntil: now.Add(time.Hour),
	}
	require.NoError(t, s.CreateSession(t.Context(), n, audit.Note{}))
	return u, n
}

func rotation(n oauth.Session) oauth.Rotation {
	return oauth.Rotation{FamilyID: n.FamilyID, Counter: n.Counter, ClientID: n.ClientID, Now: now, IdleUntil: n.IdleUntil}
}

// whileLocked runs statements in a transaction and starts do; when do waits for a lock it runs others,
// commits, and gives what do answers.
func whileLocked(t *testing.T, s *Store, statements func(pgx.Tx) error, do func() error, others ...func(pgx.Tx) error) error {
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
	for _, other := range others {
		require.NoError(t, other(tx))
	}
	require.NoError(t, tx.Commit(t.Context()))
	return <-done
}

var (
	off     = false
	another = "new"
)

// ends are the changes that end a user's sessions.
var ends = map[string]account.UserPatch{
	"disable":  {Active: &off, EndSessions: true, Reason: oauth.EndedByDisable},
	"password": {PasswordHash: &another, EndSessions: true, Reason: oauth.EndedByPassword},
}

// begin is the statement of a change that has the user's row.
func begin(tx pgx.Tx, u account.User, p account.UserPatch) error {
	return run(tx, updateUser, keep(audit.Note{}, updateArgs(u.ID, p, now)...)...)
}

func run(tx pgx.Tx, sql string, args ...any) error {
	_, err := tx.Exec(context.Background(), sql, args...)
	return err
}

// TestOrders has a refresh and a sign-in meet whatever ends the sessions, in both orders: nothing is
// left that lives.
func TestOrders(t *testing.T) {
	t.Parallel()
	for name, end := range ends {
		t.Run(name+", refresh waits", func(t *testing.T) {
			t.Parallel()
			s := openUp(t, storetest.PostgresURL(t))
			u, n := signedIn(t, s)
			err := whileLocked(t, s, func(tx pgx.Tx) error {
				return errors.Join(begin(tx, u, end), run(tx, lockSessions, u.ID), run(tx, endStale, now, end.Reason, u.ID))
			}, func() error { return s.RotateSession(t.Context(), rotation(n)) })
			require.ErrorIs(t, err, account.ErrNotFound)
		})
		t.Run(name+" waits for refresh", func(t *testing.T) {
			t.Parallel()
			s := openUp(t, storetest.PostgresURL(t))
			u, n := signedIn(t, s)
			r := rotation(n)
			require.NoError(t, whileLocked(t, s, func(tx pgx.Tx) error {
				return run(tx, rotateSession, r.Now, r.IdleUntil, r.Address, r.FamilyID, r.Counter, r.ClientID)
			}, func() error { return s.UpdateUser(t.Context(), u.ID, end, now, audit.Note{}) }))
			got, _, err := s.SessionByID(t.Context(), n.ID)
			require.NoError(t, err)
			require.EqualValues(t, 1, got.Counter, "the refresh came first")
			require.Equal(t, end.Reason, got.RevokedReason)
		})
		t.Run(name+", sign-in waits", func(t *testing.T) {
			t.Parallel()
			s := openUp(t, storetest.PostgresURL(t))
			u, n := signedIn(t, s)
			n.ID, n.FamilyID = storetest.NewUser().ID, []byte("another")
			err := whileLocked(t, s, func(tx pgx.Tx) error { return begin(tx, u, end) },
				func() error { return s.CreateSession(t.Context(), n, audit.Note{}) })
			require.ErrorIs(t, err, account.ErrNotFound)
		})
		t.Run(name+" waits for sign-in", func(t *testing.T) {
			t.Parallel()
			s := openUp(t, storetest.PostgresURL(t))
			u, n := signedIn(t, s)
			n.ID, n.FamilyID = storetest.NewUser().ID, []byte("another")
			require.NoError(t, whileLocked(t, s, func(tx pgx.Tx) error {
				return errors.Join(run(tx, lockUser, u.ID), run(tx, createSession, keep(audit.Note{}, n.CreatedAt, n.ID, n.FamilyID, n.UserID, n.UserEpoch,
					n.ClientID, []string{}, 0, now, 0, "", "", now, n.IdleUntil, n.AbsoluteUntil, nil, "", oauth.MaxSessions, "")...))
			}, func() error { return s.UpdateUser(t.Context(), u.ID, end, now, audit.Note{}) }))
			got, _, err := s.SessionByID(t.Context(), n.ID)
			require.NoError(t, err)
			require.Equal(t, end.Reason, got.RevokedReason)
		})
	}
}

// TestLockOrder: what waits for the first of a user's sessions holds no other, so that whoever has the
// first can go on to any.
func TestLockOrder(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(s *Store, ctx context.Context, u account.User, last string) error{
		"password": func(s *Store, ctx context.Context, u account.User, last string) error {
			p := ends["password"]
			p.KeepSession = last
			return s.UpdateUser(ctx, u.ID, p, now, audit.Note{})
		},
		"disable": func(s *Store, ctx context.Context, u account.User, _ string) error {
			return s.UpdateUser(ctx, u.ID, ends["disable"], now, audit.Note{})
		},
		"DeleteUser": func(s *Store, ctx context.Context, u account.User, _ string) error {
			return s.DeleteUser(ctx, u.ID, now, audit.Note{})
		},
		"RevokeSessions": func(s *Store, ctx context.Context, u account.User, _ string) error {
			_, err := s.RevokeSessions(ctx, u.ID, "", "test", now, audit.Note{})
			return err
		},
		"DeleteClient": func(s *Store, ctx context.Context, _ account.User, _ string) error {
			return s.DeleteClient(ctx, "web", now, audit.Note{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openUp(t, storetest.PostgresURL(t))
			require.NoError(t, s.CreateClient(t.Context(), oauth.Client{ID: "web"}, audit.Note{}))
			u, n := signedIn(t, s)
			ids := []string{}
			for i := range 9 {
				n.ID, n.FamilyID, n.ClientID = fmt.Sprintf("%08x-0000-7000-8000-000000000000", 9-i), []byte{byte(i)}, "web" // the last comes first
				require.NoError(t, s.CreateSession(t.Context(), n, audit.Note{}))
				ids = append(ids, n.ID)
			}
			const touch = `UPDATE sessions SET repeats = repeats + 1 WHERE id = $1`
			first, last := ids[8], ids[0]
			require.NoError(t, whileLocked(t, s, func(tx pgx.Tx) error { return run(tx, touch, first) },
				func() error { return do(s, t.Context(), u, last) },
				func(tx pgx.Tx) error { return run(tx, touch, last) }))
		})
	}
}

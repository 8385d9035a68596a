package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/coalesce"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// createSignedIn creates a user with a session.
func createSignedIn(t *testing.T, s *Store) (account.User, oauth.Session) {
	t.Helper()
	u := storetest.NewUser()
	require.NoError(t, s.CreateUser(t.Context(), u, audit.Change{}))
	session := oauth.Session{
		ID: storetest.NewUser().ID, FamilyID: []byte(u.ID), UserID: u.ID, UserEpoch: u.Epoch,
		CreatedAt: now, IdleUntil: now.Add(time.Hour), AbsoluteUntil: now.Add(time.Hour),
	}
	require.NoError(t, s.CreateSession(t.Context(), session, audit.Change{}))
	return u, session
}

func rotation(session oauth.Session) oauth.Rotation {
	return oauth.Rotation{
		FamilyID: session.FamilyID, Counter: session.Counter, ClientID: session.ClientID, Now: now, IdleUntil: session.IdleUntil,
	}
}

// whileLocked runs statements in a transaction and starts do. When do waits for a lock, it runs more
// statements, commits, and returns the error of do.
func whileLocked(t *testing.T, s *Store, statements func(pgx.Tx) error, do func() error, more ...func(pgx.Tx) error) error {
	t.Helper()
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context()) //nolint:errcheck // does nothing after Commit
	require.NoError(t, statements(tx))
	done := make(chan error, 1)
	go func() { done <- do() }()
	const countWaiting = `SELECT count(*) FROM pg_locks l WHERE NOT granted AND pg_backend_pid() <> l.pid
		AND $1 = ANY(pg_blocking_pids(l.pid))`
	require.Eventually(t, func() bool {
		n, err := queryOne(t.Context(), s, pgx.RowTo[int], countWaiting, tx.Conn().PgConn().PID())
		return err == nil && n > 0
	}, 10*time.Second, time.Millisecond)
	for _, statements := range more {
		require.NoError(t, statements(tx))
	}
	require.NoError(t, tx.Commit(t.Context()))
	return <-done
}

var (
	inactive    = false
	newPassword = "new"
)

// sessionEndingPatches are the changes that end the sessions of a user.
var sessionEndingPatches = map[string]account.UserPatch{
	"disable":  {Active: &inactive, EndSessions: true, Reason: oauth.EndedByDisable},
	"password": {PasswordHash: &newPassword, EndSessions: true, Reason: oauth.EndedByPassword},
}

// execUpdate runs the statement of UpdateUser that locks and changes the row of the user.
func execUpdate(tx pgx.Tx, u account.User, p account.UserPatch) error {
	return execTx(tx, updateUser, recordArgs(audit.Change{}, updateUserArgs(u.ID, p, now)...)...)
}

func execTx(tx pgx.Tx, sql string, args ...any) error {
	_, err := tx.Exec(context.Background(), sql, args...)
	return err
}

// TestSessionLocks runs a refresh or a sign-in and a change that ends the sessions at the same time, in
// both orders. In each case no session survives.
func TestSessionLocks(t *testing.T) {
	t.Parallel()
	for name, patch := range sessionEndingPatches {
		for order, test := range map[string]func(*testing.T, *Store, account.UserPatch){
			"refresh waits":     refreshWaits,
			"waits for refresh": changeWaitsForRefresh,
			"sign-in waits":     signInWaits,
			"waits for sign-in": changeWaitsForSignIn,
		} {
			t.Run(name+"/"+order, func(t *testing.T) {
				t.Parallel()
				test(t, openMigrated(t, storetest.PostgresURL(t)), patch)
			})
		}
	}
}

func refreshWaits(t *testing.T, s *Store, patch account.UserPatch) {
	u, session := createSignedIn(t, s)
	err := whileLocked(t, s, func(tx pgx.Tx) error {
		return errors.Join(execUpdate(tx, u, patch), execTx(tx, lockSessions, u.ID), execTx(tx, revokeOldEpochs, now, patch.Reason, u.ID))
	}, func() error { _, _, err := s.RotateSession(t.Context(), rotation(session)); return err })
	require.ErrorIs(t, err, fault.ErrNotFound)
}

func changeWaitsForRefresh(t *testing.T, s *Store, patch account.UserPatch) {
	u, session := createSignedIn(t, s)
	r := rotation(session)
	require.NoError(t, whileLocked(t, s, func(tx pgx.Tx) error {
		return execTx(tx, rotateSession, r.Now, r.IdleUntil, r.Address, r.FamilyID, r.Counter, r.ClientID)
	}, func() error { return s.UpdateUser(t.Context(), u.ID, patch, now, audit.Change{}) }))
	got, _, err := s.SessionByID(t.Context(), session.ID)
	require.NoError(t, err)
	require.EqualValues(t, 1, got.Counter, "the refresh comes first")
	require.Equal(t, patch.Reason, got.RevokedReason)
}

func signInWaits(t *testing.T, s *Store, patch account.UserPatch) {
	u, session := createSignedIn(t, s)
	session.ID, session.FamilyID = storetest.NewUser().ID, []byte("another")
	err := whileLocked(t, s, func(tx pgx.Tx) error { return execUpdate(tx, u, patch) },
		func() error { return s.CreateSession(t.Context(), session, audit.Change{}) })
	require.ErrorIs(t, err, fault.ErrNotFound)
}

func changeWaitsForSignIn(t *testing.T, s *Store, patch account.UserPatch) {
	u, session := createSignedIn(t, s)
	session.ID, session.FamilyID = storetest.NewUser().ID, []byte("another")
	require.NoError(t, whileLocked(t, s, func(tx pgx.Tx) error {
		return errors.Join(execTx(tx, lockUser, u.ID), execTx(tx, createSession, recordArgs(audit.Change{}, session.CreatedAt, session.ID,
			session.FamilyID, session.UserID, session.UserEpoch, session.ClientID, []string{}, 0, now, 0, "", "", now,
			session.IdleUntil, session.AbsoluteUntil, nil, "", oauth.MaxSessions, "")...))
	}, func() error { return s.UpdateUser(t.Context(), u.ID, patch, now, audit.Change{}) }))
	got, _, err := s.SessionByID(t.Context(), session.ID)
	require.NoError(t, err)
	require.Equal(t, patch.Reason, got.RevokedReason)
}

// methodsThatLockSessions change several sessions at once. last is the id of the session that is locked
// last.
var methodsThatLockSessions = map[string]func(ctx context.Context, s *Store, u account.User, last string) error{
	"UpdateUser, password": func(ctx context.Context, s *Store, u account.User, last string) error {
		p := sessionEndingPatches["password"]
		p.KeepSession = last
		return s.UpdateUser(ctx, u.ID, p, now, audit.Change{})
	},
	"UpdateUser, disable": func(ctx context.Context, s *Store, u account.User, _ string) error {
		return s.UpdateUser(ctx, u.ID, sessionEndingPatches["disable"], now, audit.Change{})
	},
	"DeleteUser": func(ctx context.Context, s *Store, u account.User, _ string) error {
		return s.DeleteUser(ctx, u.ID, now, audit.Change{})
	},
	"RevokeSessions": func(ctx context.Context, s *Store, u account.User, _ string) error {
		_, err := s.RevokeSessions(ctx, u.ID, "", "test", now, audit.Change{})
		return err
	},
	"DeleteClient": func(ctx context.Context, s *Store, _ account.User, _ string) error {
		return s.DeleteClient(ctx, "web", now, audit.Change{})
	},
}

// touch locks a session as every change of it does.
const touch = `UPDATE sessions SET repeats = repeats + 1 WHERE id = $1`

// A rotation that waits for a lock must not hold up those of other sessions until it gives up.
func TestALockedSessionHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, storetest.PostgresURL(t))
	_, locked := createSignedIn(t, s)
	_, other := createSignedIn(t, s)
	rotate := func(session oauth.Session) error {
		_, _, err := s.RotateSession(t.Context(), rotation(session))
		return err
	}
	require.NoError(t, whileLocked(t, s, func(tx pgx.Tx) error { return execTx(tx, touch, locked.ID) },
		func() error { return rotate(locked) }, func(pgx.Tx) error { return rotate(other) }))
}

// TestLockOrder checks that a method that waits for the first session of a user has not locked the last
// one. A transaction that holds the first can therefore lock any other without a deadlock.
func TestLockOrder(t *testing.T) {
	t.Parallel()
	for name, call := range methodsThatLockSessions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openMigrated(t, storetest.PostgresURL(t))
			require.NoError(t, s.CreateClient(t.Context(), oauth.Client{ID: "web"}, audit.Change{}))
			u, session := createSignedIn(t, s)
			ids := []string{}
			for i := range 9 { // in the reverse order of the ids
				session.ID, session.FamilyID, session.ClientID = fmt.Sprintf("%08x-0000-7000-8000-000000000000", 9-i), []byte{byte(i)}, "web"
				require.NoError(t, s.CreateSession(t.Context(), session, audit.Change{}))
				ids = append(ids, session.ID)
			}
			first, last := ids[8], ids[0]
			require.NoError(t, whileLocked(t, s, func(tx pgx.Tx) error { return execTx(tx, touch, first) },
				func() error { return call(t.Context(), s, u, last) },
				func(tx pgx.Tx) error { return execTx(tx, touch, last) }))
		})
	}
}

// PostgreSQL returns the rotated sessions before it commits. A rotation whose commit fails has not happened.
func TestRotationIsAnsweredAfterTheCommit(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, storetest.PostgresURL(t))
	calls := make([]oauth.Rotation, 16)
	for i := range calls {
		_, session := createSignedIn(t, s)
		calls[i] = rotation(session)
	}
	_, err := s.pool.Exec(t.Context(), `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
		CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON sessions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`)
	require.NoError(t, err)
	var shared atomic.Int64 // calls that were in a batch
	rotations := coalesce.New(coalesce.Options[oauth.Rotation]{Flights: 1, Batch: len(calls)}, func(batch []*rotationCall) {
		shared.Add(int64(len(batch)))
		s.rotateSessions(batch)
	}, s.rotateOne)
	for shared.Load() == 0 {
		var running sync.WaitGroup
		for _, r := range calls {
			running.Go(func() {
				_, err := rotations.Do(t.Context(), r)
				assert.ErrorContains(t, err, "refused")
			})
		}
		running.Wait()
	}
}

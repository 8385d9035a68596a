package postgres

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// A session is remembered until anything is committed, by this store or another one, and while a transaction of
// another connection has not ended. Its own change is seen once it has.
func TestRememberedSession(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	s, other := openMigrated(t, url), openMigrated(t, url)
	session := newStoredSession(t, s)
	repeats := func() int {
		got, _, err := s.SessionByID(t.Context(), session.ID)
		require.NoError(t, err)
		return got.Repeats
	}
	version := func() string { repeats(); return s.sessions.remembered.Version() }

	require.Zero(t, repeats())
	before := version()
	require.NotEmpty(t, before)
	require.NoError(t, s.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
	require.Equal(t, 1, repeats())
	require.NotEqual(t, before, version())
	require.NoError(t, other.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
	require.Equal(t, 2, repeats())

	tx, err := other.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), repeatRotation, session.FamilyID, session.Counter)
	require.NoError(t, err)
	require.Equal(t, 2, repeats())
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, 3, repeats())

	// A caller that changes what it got changes nothing for others.
	got, _, err := s.SessionByID(t.Context(), session.ID)
	require.NoError(t, err)
	clear(got.FamilyID)
	got, _, err = s.SessionByID(t.Context(), session.ID)
	require.NoError(t, err)
	require.Equal(t, session.FamilyID, got.FamilyID)
}

// The statement does not read the rows of its own snapshot again: those that it would find are never executed.
func TestRememberedRowsAreNotRead(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, storetest.PostgresURL(t))
	session := newStoredSession(t, s)
	for range 3 {
		_, err := s.sessions.byIDs(t.Context(), []string{session.ID})
		require.NoError(t, err)
	}
	read := func(version string) []versioned[oauth.Client] {
		rows, err := queryAll(t.Context(), s, scanVersioned(func(pgx.CollectableRow) (c oauth.Client, err error) { return c, nil }),
			s.sessions.statement, []string{session.ID}, version)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		return rows
	}
	current := read("")[0]
	require.NotNil(t, current.row)
	require.Eventually(t, func() bool { // other databases of the server have the same transactions
		next := read(current.version)[0]
		defer func() { current = next }()
		return next.version == current.version && next.row == nil
	}, 10*time.Second, time.Millisecond)
}

// No read that begins after a change has returned sees the state before it, with other reads in between.
func TestRememberedSessionIsFresh(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	s, other := openMigrated(t, url), openMigrated(t, url)
	session := newStoredSession(t, s)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	defer readers.Wait()
	defer stop()
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				_, _, _ = s.SessionByID(ctx, session.ID)
			}
		})
	}
	for i := range 100 {
		writer := s
		if i%2 == 1 {
			writer = other
		}
		require.NoError(t, writer.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
		got, _, err := s.SessionByID(t.Context(), session.ID)
		require.NoError(t, err)
		require.Equal(t, i+1, got.Repeats)
	}
}

// Behind PgBouncer no statement is prepared, and pgx must know the types of the parameters by itself. A statement that
// failed would go unnoticed: each call would then read its own.
func TestSharedStatementsOfPooler(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, withParams(t, storetest.PostgresURL(t), "default_query_exec_mode", "exec"))
	session := newStoredSession(t, s)
	unknown := uuid.NewString()
	for range 3 {
		sessions, err := s.sessions.byIDs(t.Context(), []string{session.ID, unknown, session.ID})
		require.NoError(t, err)
		require.Equal(t, session.FamilyID, sessions[0].Session.FamilyID)
		require.Nil(t, sessions[1])
		require.Equal(t, sessions[0], sessions[2])
		clients, err := s.clients.byIDs(t.Context(), []string{"unknown"})
		require.NoError(t, err)
		require.Nil(t, clients[0])
	}
	rotation := oauth.Rotation{FamilyID: session.FamilyID, ClientID: "web", Now: session.CreatedAt, IdleUntil: session.IdleUntil}
	rotated, err := queryAll(t.Context(), s, scanNumbered, rotateSessions, rotationArrays([]*rotationCall{{In: rotation}})...)
	require.NoError(t, err)
	require.Len(t, rotated, 1)
	require.EqualValues(t, 1, rotated[0].Session.Counter)
}

func newStoredSession(t *testing.T, s *Store) oauth.Session {
	t.Helper()
	u := storetest.NewUser()
	require.NoError(t, s.CreateUser(t.Context(), u, audit.Change{}))
	now := time.Now().UTC().Truncate(time.Second)
	id := uuid.New()
	session := oauth.Session{
		ID: id.String(), FamilyID: id[:], UserID: u.ID, UserEpoch: u.Epoch, ClientID: "web", CreatedAt: now,
		IdleUntil: now.Add(time.Hour), AbsoluteUntil: now.Add(time.Hour),
	}
	require.NoError(t, s.CreateSession(t.Context(), session, audit.Change{}))
	return session
}

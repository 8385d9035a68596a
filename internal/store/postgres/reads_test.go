package postgres

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// A session is remembered until anything is committed, by this store or another one, and while a transaction of
// another connection has not ended. Its own change is seen once it has.
func TestRememberedSession(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	s, other := openMigrated(t, url), openMigrated(t, url)
	session := storetest.CreateSession(t, s)
	repeats := func() int {
		got, _, err := s.SessionByID(t.Context(), session.ID)
		require.NoError(t, err)
		return got.Repeats
	}
	version := func() string { repeats(); return s.sessions.remembered.Version() }

	before := version()
	require.NotEmpty(t, before)
	require.NoError(t, s.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
	require.Equal(t, session.Repeats+1, repeats())
	require.NotEqual(t, before, version())
	require.NoError(t, other.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
	require.Equal(t, session.Repeats+2, repeats())

	tx, err := other.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), repeatRotation, session.FamilyID, session.Counter)
	require.NoError(t, err)
	require.Equal(t, session.Repeats+2, repeats())
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, session.Repeats+3, repeats())
}

// The statement does not read the rows of its own snapshot again: those that it would find are never executed.
func TestRememberedRowsAreNotRead(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, storetest.PostgresURL(t))
	session := storetest.CreateSession(t, s)
	read := func(version string) versioned[store.PackedSession] {
		rows, err := queryAll(t.Context(), s, s.sessions.scan, s.sessions.statement, []string{session.ID}, version)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		return rows[0]
	}
	current := read("")
	require.NotNil(t, current.row)
	require.Eventually(t, func() bool { // other databases of the server have the same transactions
		next := read(current.version)
		defer func() { current = next }()
		return next.version == current.version && next.row == nil
	}, 10*time.Second, time.Millisecond)
}

func TestRememberedSessionIsFresh(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	s, other := openMigrated(t, url), openMigrated(t, url)
	storetest.SessionIsFresh(t, storetest.CreateSession(t, s), storetest.CreateSession(t, s), s, other)
}

// Behind PgBouncer no statement is prepared, and pgx must know the types of the parameters by itself. A statement that
// failed would go unnoticed: each call would then read its own.
func TestSharedStatementsOfPooler(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, withParams(t, storetest.PostgresURL(t), "default_query_exec_mode", "exec"))
	session := storetest.CreateSession(t, s)
	unknown := uuid.NewString()
	for range 3 {
		sessions, err := s.sessions.byIDs(t.Context(), []string{session.ID, unknown, session.ID})
		require.NoError(t, err)
		require.Equal(t, session.FamilyID, sessions[0].Unpack().Session.FamilyID)
		require.Nil(t, sessions[1])
		require.Equal(t, sessions[0], sessions[2])
		clients, err := s.clients.byIDs(t.Context(), []string{"unknown"})
		require.NoError(t, err)
		require.Nil(t, clients[0])
	}
	rotation := oauth.Rotation{FamilyID: session.FamilyID, Counter: session.Counter, ClientID: session.ClientID, Now: session.CreatedAt, IdleUntil: session.IdleUntil}
	var row sessionAndUserRow
	var n int
	require.NoError(t, s.queryEach(t.Context(), append(row.columns(), &n), func() {}, rotateSessions, rotationArrays([]*rotationCall{{In: rotation}})...))
	require.Equal(t, 1, n)
	require.Equal(t, session.Counter+1, row.value().Session.Counter)
}

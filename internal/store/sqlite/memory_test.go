package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
	"github.com/latchkey-auth/latchkey/internal/store/coalesce"
	"github.com/latchkey-auth/latchkey/internal/store/snapshot"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// A session is read from memory until it is changed, or until anything is committed through another connection, which
// stands for another process: SQLite writes the same file for both.
func TestMemory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s, other := openMigrated(t, path), openMigrated(t, path)
	session := storetest.CreateSession(t, s)
	read := func() (oauth.Session, bool) {
		version, err := s.index.version()
		require.NoError(t, err, "the index cannot be read, so nothing is remembered")
		_, remembered := s.sessions.Find(version, session.ID)
		got, _, err := s.SessionByID(t.Context(), session.ID)
		require.NoError(t, err)
		return got, remembered
	}
	requireFresh := func(want int) {
		t.Helper()
		got, remembered := read()
		require.False(t, remembered, "remembered across a change")
		require.Equal(t, want, got.Repeats)
		again, remembered := read()
		require.True(t, remembered, "not remembered")
		require.Equal(t, got, again)
	}
	requireFresh(session.Repeats)
	require.NoError(t, s.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
	requireFresh(session.Repeats + 1)
	require.NoError(t, other.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
	requireFresh(session.Repeats + 2)
	checkpoint(t, other) // also empties the file of the changes
	require.NoError(t, other.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
	requireFresh(session.Repeats + 3)
	require.NoError(t, s.RepeatRotation(t.Context(), session.FamilyID, session.Counter)) // s finds out about the others
	requireFresh(session.Repeats + 4)

	require.NoError(t, s.AppendEvent(t.Context(), audit.Event{ID: t.Name(), Action: "test"}))
	_, remembered := read()
	require.True(t, remembered, "forgotten by a change of another table")
	storetest.CreateSession(t, s)
	_, remembered = read()
	require.True(t, remembered, "forgotten by a new user with a session")
	require.NoError(t, s.Checkpoint(t.Context())) // the next commit begins the WAL again
	storetest.CreateSession(t, s)
	_, remembered = read()
	require.True(t, remembered, "forgotten because the WAL begins again")
	storetest.CreateSession(t, other)
	_, remembered = read()
	require.False(t, remembered, "remembered across a commit of which nobody knows what it has changed")
}

// The WAL index stays while a pool has no connection: a new one would be another file.
func TestMemoryWithoutConnections(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	session := storetest.CreateSession(t, s)
	for _, pool := range []*sql.DB{s.writer, s.reader} {
		pool.SetMaxIdleConns(0)
		require.Zero(t, pool.Stats().OpenConnections)
	}
	requireFollows(t, session, s, s)
}

// A file that is closed alone has no WAL index any more. The next one is another file.
func TestMemoryAfterCloseAlone(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	first := openMigrated(t, path)
	session := storetest.CreateSession(t, first)
	require.NoError(t, first.CloseAlone(t.Context()))
	requireFollows(t, session, openFile(t, path), openFile(t, path))
}

// SQLite keeps the WAL index beside the target of a link, not beside the link.
func TestMemoryOfLink(t *testing.T) {
	t.Parallel()
	target, link := newPath(t), newPath(t)
	session := storetest.CreateSession(t, openMigrated(t, target))
	require.NoError(t, os.Symlink(target, link))
	stale, err := os.ReadFile(target + "-shm")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(link+"-shm", stale, 0o600))
	s, other := openFile(t, link), openFile(t, target)
	require.Same(t, other.index, s.index, "closing one of two would take the locks of the other")
	requireFollows(t, session, s, s)
}

// SQLite writes nothing in the commit of a transaction that has changed nothing. So a version that follows is that of another
// process.
func TestMemoryAfterEmptyCommit(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s, other := openMigrated(t, path), openMigrated(t, path)
	session := storetest.CreateSession(t, s)
	for _, change := range []string{
		`DELETE FROM sessions WHERE id = ''`,
		`UPDATE instance SET changes = changes`,
		`UPDATE instance SET changes = changes + 1`,
	} {
		got, _, err := s.SessionByID(t.Context(), session.ID)
		require.NoError(t, err)
		tx, err := s.writer.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		s.changes.reset()
		_, err = tx.ExecContext(t.Context(), change)
		require.NoError(t, err)
		require.NoError(t, s.commit(t.Context(), func() error {
			return errors.Join(tx.Commit(), other.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
		}))
		fresh, _, err := s.SessionByID(t.Context(), session.ID)
		require.NoError(t, err)
		require.Equal(t, got.Repeats+1, fresh.Repeats, change)
	}
}

// A migration commits through the same connection, so SQLite would not call its commit that of another.
func TestMigrationWaitsForCommit(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	tx, err := s.writer.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, s.lockWriter(t.Context()))
	defer s.unlockWriter()
	require.NoError(t, s.commit(t.Context(), func() error {
		require.NoError(t, tx.Commit())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		require.Error(t, s.Down(ctx))
		return nil
	}))
}

// requireFollows changes a session through one store, and requires that another one reads each change.
func requireFollows(t *testing.T, session oauth.Session, reader, writer *Store) {
	t.Helper()
	for i := range 3 {
		for range 2 { // a query, then from memory
			got, _, err := reader.SessionByID(t.Context(), session.ID)
			require.NoError(t, err)
			require.Equal(t, session.Repeats+i, got.Repeats)
		}
		require.NoError(t, writer.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
	}
}

// A rotation in the same transaction as a change of the user sees that change, and nobody does if it is rolled back.
func TestMemoryOfUserInTransaction(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	session := storetest.CreateSession(t, s)
	epochAfter := func(change string) (epoch int64) {
		err := s.transaction(t.Context(), true, func(tx *writeTx) error {
			_, err := tx.ExecContext(t.Context(), change, session.UserID)
			require.NoError(t, err)
			u, err := s.userOf(t.Context(), tx, session)
			require.NoError(t, err)
			epoch = u.Epoch
			return errors.New("rolled back")
		})
		require.EqualError(t, err, "rolled back")
		return epoch
	}
	const none, raised = `UPDATE users SET epoch = epoch WHERE id = ? AND FALSE`, `UPDATE users SET epoch = epoch + 1 WHERE id = ?`
	for range 2 {
		require.Equal(t, session.UserEpoch, epochAfter(none))
		version, err := s.index.version()
		require.NoError(t, err)
		_, ok := s.users.Find(version, session.UserID)
		require.True(t, ok, "not remembered")
		require.Equal(t, session.UserEpoch+1, epochAfter(raised))
	}
}

func TestMemoryIsFresh(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s, other := openMigrated(t, path), openMigrated(t, path)
	storetest.SessionIsFresh(t, storetest.CreateSession(t, s), storetest.CreateSession(t, s), s, other)
}

func checkpoint(t *testing.T, s *Store) {
	t.Helper()
	_, err := s.writer.ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`)
	require.NoError(t, err)
}

// The tables that are listed as unrelated exist, and what is remembered is not read from them. The ids of the others are in
// their first column.
func TestTablesOfMemory(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	tables, err := queryAll(t.Context(), s.reads, scanValue[string], `SELECT name FROM sqlite_schema WHERE type = 'table'`)
	require.NoError(t, err)
	for table := range unrelatedTables {
		require.Contains(t, tables, table)
		require.NotRegexp(t, `(?i)\b`+table+`\b`, sessionByID+clientByID+userByID)
	}
	for table, want := range map[string]string{"sessions": "id", "users": "id", "users_to_roles": "user_id"} {
		first, err := queryOne(t.Context(), s.reads, scanValue[string], `SELECT name FROM pragma_table_info(?) WHERE cid = 0`, table)
		require.NoError(t, err)
		require.Equal(t, want, first, table)
	}
}

// mostChecked bounds what is read around each write: the newest of each table.
const mostChecked = 8

// checkMemory makes a store remember its sessions, clients and users before each of its writes, and compare what it still remembers
// after the write with what the database says. It counts the sessions that were remembered across a write.
func checkMemory(t *testing.T, s *Store, kept *atomic.Int64) {
	t.Helper()
	around := func(write func()) {
		ctx := context.WithoutCancel(t.Context())
		ids := []string{}
		for _, table := range []string{"sessions", "clients", "users"} {
			found, err := queryAll(ctx, s.reader, scanValue[string], `SELECT id FROM `+table+` ORDER BY rowid DESC LIMIT ?`, mostChecked)
			if err == nil { // a migration may have removed the table
				ids = append(ids, found...)
			}
		}
		for _, id := range ids {
			_, _, _ = s.SessionByID(ctx, id)
			_, _ = s.ClientByID(ctx, id)
			_, _ = remembered(s.users, s.index, id, func() (store.PackedUser, error) { return packedUser(ctx, s.reads, id) })
		}
		write()
		for _, id := range ids {
			kept.Add(compareMemory(t, s, s.sessions, id, func() (store.PackedSession, error) {
				return queryOne(ctx, s.reads, scanPackedSession, sessionByID, id)
			}))
			compareMemory(t, s, s.clients, id, func() (oauth.Client, error) {
				return queryOne(ctx, s.reads, scanClient, clientByID, id)
			})
			compareMemory(t, s, s.users, id, func() (store.PackedUser, error) { return packedUser(ctx, s.reads, id) })
		}
	}
	s.writes = coalesce.New(coalesce.Options[write]{Flights: 1, Batch: maxWrites, Settle: true},
		func(calls []*writeCall) { around(func() { s.writeBatch(calls) }) },
		func(ctx context.Context, w write) (_ struct{}, err error) {
			around(func() { err = s.transaction(ctx, w.sync, w.do) })
			return struct{}{}, err
		})
}

// compareMemory returns 1 if a row is remembered, and fails unless the database has the same row.
func compareMemory[R snapshot.Row[R]](t *testing.T, s *Store, rows *snapshot.Rows[fileVersion, R], id string, query func() (R, error)) int64 {
	t.Helper()
	version, err := s.index.version()
	if err != nil {
		return 0
	}
	got, ok := rows.Find(version, id)
	if !ok {
		return 0
	}
	want, err := query()
	if now, versionErr := s.index.version(); versionErr != nil || now != version {
		return 0 // another store has committed meanwhile
	}
	if err != nil || !assert.ObjectsAreEqual(want, got) {
		t.Errorf("remembered after a write: %+v, in the database: %+v, %v", got, want, err)
	}
	return 1
}

package sqlite

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// TestSettings reads back from every connection what the DSN sets.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	for name, test := range map[string]struct {
		db         *sql.DB
		conns      int
		queryOnly  string
		checkpoint string // pages of the log
	}{
		"writer":  {s.writer, 1, "0", "4000"},
		"readers": {s.reader, 4, "1", "1000"},
	} {
		for range test.conns { // held until the end of the test, so each one is a new connection
			conn, err := test.db.Conn(t.Context())
			require.NoError(t, err, name)
			t.Cleanup(func() { require.NoError(t, conn.Close()) })
			requireSettings(t, conn, name, map[string]string{
				"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "query_only": test.queryOnly,
				"wal_autocheckpoint": test.checkpoint,
			})
		}
	}
	require.Equal(t, 1, s.writer.Stats().MaxOpenConnections)
}

func requireSettings(t *testing.T, conn *sql.Conn, name string, settings map[string]string) {
	t.Helper()
	for pragma, want := range settings {
		var got string
		require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got), name)
		require.Equal(t, want, got, "%s: %s", name, pragma)
	}
	var text string
	require.Error(t, conn.QueryRowContext(t.Context(), `SELECT "no such column"`).Scan(&text), "%s: a misspelt column must not be a text", name)
}

func TestReadersCannotWrite(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	_, err := s.reader.ExecContext(t.Context(), `DELETE FROM roles`)
	require.Error(t, err)
}

// TestTransactionsAreImmediate checks that a transaction locks at its beginning. Otherwise one that began
// before another has written would fail at its first write, whatever the busy timeout.
func TestTransactionsAreImmediate(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	first, second := openMigrated(t, path), openFile(t, path)
	tx, err := first.writer.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback() //nolint:errcheck // only ends the transaction
	_, err = second.writer.ExecContext(t.Context(), `PRAGMA busy_timeout = 0`)
	require.NoError(t, err)
	// The empty transaction already holds the write lock, so the other connection is busy.
	require.ErrorIs(t, second.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}), fault.ErrUnavailable)
}

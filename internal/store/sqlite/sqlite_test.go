package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.World {
		s := openUp(t, filepath.Join(t.TempDir(), "latchkey.db"))
		return storetest.World{Store: s, Exec: func(t *testing.T, sql string) {
			t.Helper()
			_, err := s.writer.ExecContext(t.Context(), sql)
			require.NoError(t, err)
		}}
	})
}

func openFile(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func openUp(t *testing.T, path string) *Store {
	t.Helper()
	s := openFile(t, path)
	_, err := s.Up(t.Context())
	require.NoError(t, err)
	return s
}

// TestSettings reads back from every connection what the DSN asks for.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := openUp(t, filepath.Join(t.TempDir(), "latchkey.db"))
	for name, test := range map[string]struct {
		db        *sql.DB
		conns     int
		queryOnly string
	}{
		"writer":  {s.writer, 1, "0"},
		"readers": {s.reader, 4, "1"},
	} {
		for range test.conns { // held until the end, so that each is another one
			conn, err := test.db.Conn(t.Context())
			require.NoError(t, err, name)
			t.Cleanup(func() { require.NoError(t, conn.Close()) })
			for pragma, want := range map[string]string{
				"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "query_only": test.queryOnly,
			} {
				var got string
				require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got), name)
				require.Equal(t, want, got, "%s: %s", name, pragma)
			}
			var text string
			require.Error(t, conn.QueryRowContext(t.Context(), `SELECT "no such column"`).Scan(&text), "%s: a misspelt column is a text", name)
		}
	}
	require.Equal(t, 1, s.writer.Stats().MaxOpenConnections)
}

func TestReadersCannotWrite(t *testing.T) {
	t.Parallel()
	s := openUp(t, filepath.Join(t.TempDir(), "latchkey.db"))
	_, err := s.reader.ExecContext(t.Context(), `DELETE FROM roles`)
	require.Error(t, err)
}

// TestTransactionsAreImmediate: one that began before another has written would otherwise fail at
// its first write, whatever the busy timeout.
func TestTransactionsAreImmediate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	first, second := openUp(t, path), openFile(t, path)
	tx, err := first.writer.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback() //nolint:errcheck // it has only to end
	_, err = second.writer.ExecContext(t.Context(), `PRAGMA busy_timeout = 0`)
	require.NoError(t, err)
	// The empty transaction holds the write lock already, and the other process is told so.
	require.ErrorIs(t, second.CreateUser(t.Context(), storetest.NewUser(), audit.Note{}), account.ErrUnavailable)
}

func TestTwoProcessesWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	stores := []*Store{openUp(t, path), openFile(t, path)}
	done := make(chan error)
	for _, s := range stores {
		go func() {
			var err error
			for range 50 {
				err = errors.Join(err, s.CreateUser(t.Context(), storetest.NewUser(), audit.Note{}))
			}
			done <- err
		}()
	}
	require.NoError(t, errors.Join(<-done, <-done))
	users, _, err := stores[0].ListUsers(t.Context(), account.Query{Limit: 1000})
	require.NoError(t, err)
	require.Len(t, users, 100)
}

func TestOpenFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"plain.db", "with space.db", "a?mode=memory", "a#b", "a%41b", "Zoë.db", "a&_query_only=1", "new/deep/latchkey.db",
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		s := openUp(t, path)
		require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Note{}), name)
		var files []string
		require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				info, err := d.Info()
				require.NoError(t, err)
				require.EqualValues(t, 0o600, info.Mode().Perm(), p)
				files = append(files, p)
			}
			return err
		}))
		require.ElementsMatch(t, []string{path, path + "-wal", path + "-shm", path + ".lock"}, files, name)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	require.NoError(t, os.WriteFile(text, []byte("this is no database, and it is long enough to tell"), 0o600))
	for _, path := range []string{text, dir, filepath.Join(text, "below.db")} {
		_, err := Open(t.Context(), path)
		require.Error(t, err, path)
		require.NotContains(t, err.Error(), "\n")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Open(gone, filepath.Join(dir, "new.db"))
	require.ErrorIs(t, err, context.Canceled)
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	s := openUp(t, filepath.Join(t.TempDir(), "latchkey.db"))
	fail := func(query string) error {
		_, err := s.writer.ExecContext(t.Context(), query)
		var typed *sqlite.Error
		require.ErrorAs(t, err, &typed)
		return err
	}
	for name, test := range map[string]struct {
		err, want error
	}{
		"no rows":  {fmt.Errorf("wrapped: %w", sql.ErrNoRows), account.ErrNotFound},
		"unique":   {fail(`INSERT INTO roles (name, scopes) VALUES ('ROLE_USER', '[]')`), oauth.ErrExists},
		"primary":  {fail(`INSERT INTO roles (id, name, scopes) VALUES (1, 'x', '[]')`), oauth.ErrExists},
		"deadline": {context.DeadlineExceeded, account.ErrUnavailable},
		"bad conn": {driver.ErrBadConn, account.ErrUnavailable},
		"canceled": {fmt.Errorf("wrapped: %w", context.Canceled), context.Canceled},
		"domain":   {account.ErrUnknownRole, account.ErrUnknownRole},
	} {
		require.ErrorIs(t, translate(t.Context(), test.err), test.want, name)
	}
	require.NoError(t, translate(t.Context(), nil))
	// A fault of ours is nobody's bad input.
	for _, query := range []string{
		`nonsense`, `INSERT INTO roles (name, scopes) VALUES ('x', 'not json')`, `INSERT INTO roles (name, scopes) VALUES (NULL, '[]')`,
		`INSERT INTO users_to_roles (user_id, role_id) VALUES ('nobody', 1)`,
	} {
		var known *account.Error
		require.NotErrorAs(t, translate(t.Context(), fail(query)), &known, query)
	}
}

// TestCancelInside cancels while a statement runs in the engine.
func TestCancelInside(t *testing.T) {
	t.Parallel()
	const endless = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n`
	s := openUp(t, filepath.Join(t.TempDir(), "latchkey.db"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := one(ctx, s.reader, value[int], endless)
	require.ErrorIs(t, err, account.ErrUnavailable)

	ctx, cancel = context.WithCancel(t.Context())
	err = s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM roles`); err != nil {
			return err
		}
		cancel()
		_, err := tx.ExecContext(ctx, `DELETE FROM users`)
		return err
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Note{}), "the roles have been rolled back")
}

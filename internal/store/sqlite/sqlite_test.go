package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// The conformance suite, around each write of which the memory is compared with the database.
func TestStore(t *testing.T) {
	t.Parallel()
	var remembered atomic.Int64
	t.Cleanup(func() {
		require.NotZero(t, remembered.Load(), "no session is remembered across a write, so nothing was compared")
	})
	storetest.Run(t, func(t *testing.T) storetest.Database {
		db := openDatabase(t)
		checkMemory(t, db.Store.(*Store), &remembered)
		return db
	})
}

func TestDisableClientWithManySessions(t *testing.T) {
	t.Parallel()
	storetest.DisableWithManySessions(t, openDatabase(t), storetest.SQLiteSessions)
}

// openDatabase opens a fresh database for the tests of storetest.
func openDatabase(t *testing.T) storetest.Database {
	t.Helper()
	s := openMigrated(t, newPath(t))
	return storetest.Database{Store: s, Exec: func(t *testing.T, sql string) {
		t.Helper()
		_, err := s.writer.ExecContext(t.Context(), sql)
		require.NoError(t, err)
	}}
}

// newPath returns a path at which there is no file yet.
func newPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "latchkey.db")
}

func openFile(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func openMigrated(t *testing.T, path string) *Store {
	t.Helper()
	s := openFile(t, path)
	_, err := s.Up(t.Context())
	require.NoError(t, err)
	return s
}

// TestTwoStoresWrite opens the file twice, as two processes do.
func TestTwoStoresWrite(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	stores := []*Store{openMigrated(t, path), openFile(t, path)}
	done := make(chan error)
	for _, s := range stores {
		go func() {
			var err error
			for range 50 {
				err = errors.Join(err, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}))
			}
			done <- err
		}()
	}
	require.NoError(t, errors.Join(<-done, <-done))
	users, _, err := stores[0].ListUsers(t.Context(), account.Query{Limit: 1000})
	require.NoError(t, err)
	require.Len(t, users, 100)
}

func TestOpenPaths(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"plain.db", "with space.db", "a?mode=memory", "a#b", "a%41b", "Zoë.db", "a&_query_only=1", "new/deep/latchkey.db",
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		s := openMigrated(t, path)
		require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}), name)
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

func TestOpenFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	require.NoError(t, os.WriteFile(text, []byte("this is not a database, and it is long enough to show it"), 0o600))
	for _, path := range []string{text, dir, filepath.Join(text, "below.db")} {
		_, err := Open(t.Context(), path)
		require.Error(t, err, path)
		require.NotContains(t, err.Error(), "\n")
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Open(canceled, filepath.Join(dir, "new.db"))
	require.ErrorIs(t, err, context.Canceled)
}

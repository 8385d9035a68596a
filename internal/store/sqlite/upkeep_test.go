package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// TestCheckpoint checks that a checkpoint brings everything into the main file, without which a copy of
// a young database is empty.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := openMigrated(t, path)
	user := storetest.NewUser()
	require.NoError(t, s.CreateUser(t.Context(), user, audit.Change{}))
	require.True(t, Unclean(path))
	require.NoError(t, s.Checkpoint(t.Context()))
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	copied := newPath(t)
	require.NoError(t, os.WriteFile(copied, raw, 0o600))
	got, err := openFile(t, copied).UserByID(t.Context(), user.ID)
	require.NoError(t, err)
	require.Equal(t, user, got)
}

// TestCopyTo copies a database while others write, and opens the one file alone.
func TestCopyTo(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	before := storetest.NewUser()
	require.NoError(t, s.CreateUser(t.Context(), before, audit.Change{}))
	writing, stop := context.WithCancel(t.Context())
	begun, written := make(chan struct{}), make(chan int)
	begin := sync.OnceFunc(func() { close(begun) })
	go func() {
		n := 0
		for writing.Err() == nil {
			if s.CreateUser(writing, storetest.NewUser(), audit.Change{}) == nil {
				n++
			}
			begin()
		}
		written <- n
	}()
	<-begun
	dir := t.TempDir()
	path := filepath.Join(dir, "copy.db")
	require.NoError(t, s.CopyTo(t.Context(), path))
	stop()
	require.Positive(t, <-written)
	require.False(t, Unclean(path))
	require.NoFileExists(t, path+"-wal")

	copied := openFile(t, path)
	require.NoError(t, copied.FullCheck(t.Context()))
	_, err := copied.UserByID(t.Context(), before.ID)
	require.NoError(t, err)
	original, err := s.Instance(t.Context())
	require.NoError(t, err)
	same, err := copied.Instance(t.Context())
	require.NoError(t, err)
	require.Equal(t, original.ID, same.ID)
}

func TestCloseAloneInUse(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	openMigrated(t, path)
	other, err := Open(t.Context(), path)
	require.NoError(t, err)
	_, err = other.writer.ExecContext(t.Context(), `PRAGMA busy_timeout = 0`)
	require.NoError(t, err)
	require.ErrorIs(t, other.CloseAlone(t.Context()), ErrInUse)
}

// TestChecks damages a page in the middle of the file.
func TestChecks(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s, err := Open(t.Context(), path)
	require.NoError(t, err)
	_, err = s.Up(t.Context())
	require.NoError(t, err)
	for range 50 {
		require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}))
	}
	require.NoError(t, s.QuickCheck(t.Context()))
	require.NoError(t, s.FullCheck(t.Context()))
	require.NoError(t, s.CloseAlone(t.Context()))
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	copy(raw[len(raw)/2:], make([]byte, 8<<10))
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	damaged := openFile(t, path)
	require.True(t, IsDamaged(damaged.QuickCheck(t.Context())))
	require.True(t, IsDamaged(damaged.FullCheck(t.Context())))
	require.NoError(t, Settle(t.Context(), newPath(t)))
}

// TestServiceLock takes the lock through every name of a file. The store works beside the lock, and its
// own locks are not lost when a second service is refused.
func TestServiceLock(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	lock, err := LockService(path)
	require.NoError(t, err)
	s := openMigrated(t, path)
	soft := filepath.Join(t.TempDir(), "soft.db")
	require.NoError(t, os.Symlink(path, soft))
	for _, name := range []string{path, soft} {
		_, err = LockService(name)
		require.ErrorContains(t, err, "is in use by another service")
	}
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}))
	users, _, err := s.ListUsers(t.Context(), account.Query{Limit: 9})
	require.NoError(t, err)
	require.Len(t, users, 1)
	require.NoError(t, lock.Release())
	again, err := LockService(path)
	require.NoError(t, err)
	require.NoError(t, again.Release())
}

func TestIsEmpty(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	for content, want := range map[string]bool{"": true, "x": false} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		got, err := IsEmpty(path)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	got, err := IsEmpty(path + ".none")
	require.NoError(t, err)
	require.True(t, got)
}

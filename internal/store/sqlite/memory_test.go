package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// A session is read from memory until anything is committed, through this store or another connection, which
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
		require.False(t, remembered, "remembered across a commit")
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

	// The index of another file would never change.
	require.NoError(t, os.Remove(path+"-shm"))
	_, err := s.index.version()
	require.ErrorIs(t, err, errNoVersion)
}

func TestMemoryIsFresh(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s, other := openMigrated(t, path), openMigrated(t, path)
	storetest.SessionIsFresh(t, storetest.CreateSession(t, s), s, other)
}

func checkpoint(t *testing.T, s *Store) {
	t.Helper()
	_, err := s.writer.ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`)
	require.NoError(t, err)
}

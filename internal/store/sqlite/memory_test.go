package sqlite

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// A session is read from memory until anything is committed, through this store or another connection, which
// stands for another process: SQLite writes the same file for both.
func TestMemory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s, other := openMigrated(t, path), openMigrated(t, path)
	session := newStoredSession(t, s)
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
	requireFresh(0)
	require.NoError(t, s.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
	requireFresh(1)
	require.NoError(t, other.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
	requireFresh(2)
	checkpoint(t, other) // also empties the file of the changes
	require.NoError(t, other.RepeatRotation(t.Context(), session.FamilyID, session.Counter))
	requireFresh(3)

	// A caller that changes what it got changes nothing for others.
	got, _ := read()
	clear(got.FamilyID)
	got, _ = read()
	require.Equal(t, session.FamilyID, got.FamilyID)

	// The index of another file would never change.
	require.NoError(t, os.Remove(path+"-shm"))
	_, err := s.index.version()
	require.ErrorIs(t, err, errNoVersion)
}

// No read that begins after a change has returned sees the state before it.
func TestMemoryIsFresh(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s, other := openMigrated(t, path), openMigrated(t, path)
	session := newStoredSession(t, s)
	var readers sync.WaitGroup
	done := make(chan struct{})
	defer readers.Wait()
	defer close(done)
	for range 2 { // keep the memory full
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_, _, _ = s.SessionByID(t.Context(), session.ID)
				}
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

func newStoredSession(t testing.TB, s *Store) oauth.Session {
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

func checkpoint(t *testing.T, s *Store) {
	t.Helper()
	_, err := s.writer.ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`)
	require.NoError(t, err)
}

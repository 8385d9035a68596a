package sqlite

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// BenchmarkSessions measures what every request does, and every refresh.
func BenchmarkSessions(b *testing.B) {
	s, err := Open(b.Context(), b.TempDir()+"/latchkey.db")
	require.NoError(b, err)
	defer s.Close()
	_, err = s.Up(b.Context())
	require.NoError(b, err)
	u := storetest.NewUser()
	require.NoError(b, s.CreateUser(b.Context(), u, audit.Change{}))
	now := time.Now().Truncate(time.Second)
	session := oauth.Session{
		ID: uuid.NewString(), FamilyID: make([]byte, 16), UserID: u.ID, UserEpoch: u.Epoch, ClientID: "web", CreatedAt: now,
		IdleUntil: now.Add(time.Hour), AbsoluteUntil: now.Add(time.Hour),
	}
	_, _ = rand.Read(session.FamilyID)
	require.NoError(b, s.CreateSession(b.Context(), session, audit.Change{}))
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			_, _, err = s.SessionByID(ctx, session.ID)
		}
		require.NoError(b, err)
	})
	b.Run("repeat, 16 at once", func(b *testing.B) {
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := s.RepeatRotation(ctx, session.FamilyID, 0); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

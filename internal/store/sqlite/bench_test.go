package sqlite

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// BenchmarkSessions measures what every request does, and every refresh.
func BenchmarkSessions(b *testing.B) {
	s, err := Open(b.Context(), b.TempDir()+"/latchkey.db")
	require.NoError(b, err)
	defer s.Close()
	_, err = s.Up(b.Context())
	require.NoError(b, err)
	session := storetest.CreateSession(b, s)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			_, _, err = s.SessionByFamily(ctx, session.FamilyID)
		}
		require.NoError(b, err)
	})
	b.Run("read from memory", func(b *testing.B) {
		for b.Loop() {
			_, _, err = s.SessionByID(ctx, session.ID)
		}
		require.NoError(b, err)
	})
	b.Run("read in turn, beside changes of another", func(b *testing.B) {
		another, ids := storetest.CreateSession(b, s), make([]string, 500) //nolint:contextcheck // it has that of b
		for i := range ids {
			ids[i] = storetest.CreateSession(b, s).ID //nolint:contextcheck // likewise
		}
		ctx, stop := context.WithCancel(ctx)
		var others sync.WaitGroup
		defer others.Wait()
		defer stop()
		others.Go(func() {
			for ctx.Err() == nil {
				_ = s.RepeatRotation(ctx, another.FamilyID, another.Counter)
			}
		})
		for i := 0; b.Loop(); i++ {
			_, _, err = s.SessionByID(ctx, ids[i%len(ids)])
		}
		require.NoError(b, err)
	})
	b.Run("repeat, 16 at once", func(b *testing.B) {
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := s.RepeatRotation(ctx, session.FamilyID, session.Counter); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

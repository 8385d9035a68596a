package postgres

import (
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// openProxied opens a migrated store behind a proxy.
func openProxied(t *testing.T) (*Store, *proxy) {
	t.Helper()
	u, err := url.Parse(storetest.PostgresURL(t))
	require.NoError(t, err)
	proxy := newProxy(t, u.Host)
	u.Host = proxy.addr
	s := openMigrated(t, u.String())
	s.FailFast()
	return s, proxy
}

// TestDroppedPackets checks that calls fail within a second when the network drops all packets of open
// and of new connections, more calls than there are connections, and succeed as soon as packets flow.
func TestDroppedPackets(t *testing.T) {
	t.Parallel()
	s, proxy := openProxied(t)
	user := storetest.NewUser()
	require.NoError(t, s.CreateUser(t.Context(), user, audit.Change{}))
	for range 2 {
		resume := proxy.stall()
		var calls sync.WaitGroup
		for range 3 * maxConns {
			calls.Go(func() {
				for range 3 {
					start := time.Now()
					_, err := s.UserByID(t.Context(), user.ID)
					require.ErrorIs(t, err, fault.ErrUnavailable)
					require.Less(t, time.Since(start), 1300*time.Millisecond, "a second, and some for a busy machine")
				}
			})
		}
		calls.Wait()
		resume()
		start := time.Now()
		require.Eventually(t, func() bool {
			_, err := s.UserByID(t.Context(), user.ID)
			return err == nil
		}, 10*time.Second, 10*time.Millisecond)
		require.Less(t, time.Since(start), 2*time.Second, "the store recovers by itself")
	}
}

// TestSlowStatement checks that a statement may take longer than it takes to notice dropped packets.
func TestSlowStatement(t *testing.T) {
	t.Parallel()
	s := openURL(t, storetest.PostgresURL(t))
	s.FailFast()
	require.True(t, s.silence.answered)
	_, err := queryOne(t.Context(), s, pgx.RowTo[string], `SELECT pg_sleep(1.5)::text`)
	require.NoError(t, err)
}

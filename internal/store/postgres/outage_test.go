package postgres

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// TestSecondHost checks that one of the hosts of a URL may be down.
func TestSecondHost(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(storetest.PostgresURL(t))
	require.NoError(t, err)
	u.Host = closedPort(t) + "," + u.Host
	s := openMigrated(t, u.String())
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}))
}

// TestDeadDatabase checks that an unreachable server is noticed in about a second, on existing and on
// new connections, and that the store works again when the server is back.
func TestDeadDatabase(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(storetest.PostgresURL(t))
	require.NoError(t, err)
	proxy := newProxy(t, u.Host)
	u.Host = proxy.addr
	s := openMigrated(t, u.String())
	user := storetest.NewUser()
	require.NoError(t, s.CreateUser(t.Context(), user, audit.Change{}))

	proxy.freeze()
	s.pool.Reset() // forces a new connection, which gets no response
	start := time.Now()
	_, err = s.UserByID(t.Context(), user.ID)
	require.ErrorIs(t, err, fault.ErrUnavailable)
	require.Less(t, time.Since(start), 2*time.Second)

	proxy.closeAll()
	_, err = s.UserByID(t.Context(), user.ID)
	require.ErrorIs(t, err, fault.ErrUnavailable)

	proxy.unfreeze()
	require.Eventually(t, func() bool {
		_, err := s.UserByID(t.Context(), user.ID)
		return err == nil
	}, 10*time.Second, 50*time.Millisecond)
}

// TestPoolExhausted checks that a method waits at most a second for a free connection.
func TestPoolExhausted(t *testing.T) {
	t.Parallel()
	s := openURL(t, withParams(t, storetest.PostgresURL(t), "pool_max_conns", "1"))
	_, err := s.Up(t.Context())
	require.NoError(t, err, "migrations must not need the only connection of the pool")
	require.NoError(t, s.withConn(t.Context(), func(ctx context.Context, _ *pgxpool.Conn) error {
		require.ErrorIs(t, s.Ping(ctx), fault.ErrUnavailable)
		_, err := s.Up(ctx)
		require.NoError(t, err)
		return nil
	}))
	require.NoError(t, s.Ping(t.Context()))
}

// TestStatementTimeout checks that the server stops a slow statement, and that the caller gets a domain
// error.
func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	s := openURL(t, withParams(t, storetest.PostgresURL(t), "statement_timeout", "50ms"))
	_, err := queryOne(t.Context(), s, pgx.RowTo[string], `SELECT pg_sleep(60)::text`)
	require.ErrorIs(t, err, fault.ErrUnavailable)
	require.Equal(t, "57014", code(err))
}

// TestCancelRunningStatement cancels the context while a statement runs on the server.
func TestCancelRunningStatement(t *testing.T) {
	t.Parallel()
	s := openURL(t, storetest.PostgresURL(t))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := queryOne(ctx, s, pgx.RowTo[string], `SELECT pg_sleep(1.5)::text`)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, fault.ErrUnavailable)
}

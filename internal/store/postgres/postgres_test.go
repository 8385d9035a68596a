package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.World {
		s := openUp(t, storetest.PostgresURL(t))
		return storetest.World{Store: s, Exec: func(t *testing.T, sql string) {
			t.Helper()
			_, err := s.pool.Exec(t.Context(), sql)
			require.NoError(t, err)
		}}
	})
}

func openURL(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func openUp(t *testing.T, url string) *Store {
	t.Helper()
	s := openURL(t, url)
	_, err := s.Up(t.Context())
	require.NoError(t, err)
	return s
}

// with adds parameters to a URL.
func with(t *testing.T, database string, params ...string) string {
	t.Helper()
	u, err := url.Parse(database)
	require.NoError(t, err)
	query := u.Query()
	for i := 0; i < len(params); i += 2 {
		query.Set(params[i], params[i+1])
	}
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // as libpq reads it
	return u.String()
}

// TestSettings reads back from a connection what Open asks for, and what the URL asks for instead.
func TestSettings(t *testing.T) {
	t.Parallel()
	database := storetest.PostgresURL(t)
	for name, test := range map[string]struct {
		url  string
		want map[string]string
	}{
		"ours": {database, map[string]string{
			"statement_timeout": "2s", "lock_timeout": "1s", "idle_in_transaction_session_timeout": "5s",
			"TimeZone": "UTC", "application_name": "latchkey",
		}},
		"the user's": {
			with(t, database, "statement_timeout", "7s", "application_name", "mine", "timezone", "Asia/Kolkata"),
			map[string]string{"statement_timeout": "7s", "lock_timeout": "1s", "application_name": "mine", "TimeZone": "UTC"},
		},
		"the user's options": {
			with(t, database, "options", "-c lock_timeout=8s"), map[string]string{"statement_timeout": "2s", "lock_timeout": "8s"},
		},
	} {
		s := openURL(t, test.url)
		for setting, want := range test.want {
			got, err := one(t.Context(), s, pgx.RowTo[string], `SELECT current_setting($1)`, setting)
			require.NoError(t, err)
			require.Equal(t, want, got, "%s: %s", name, setting)
		}
	}
}

func TestPoolConfig(t *testing.T) {
	t.Parallel()
	config, err := poolConfig("postgres://u:p@a:1,b:2/d")
	require.NoError(t, err)
	require.EqualValues(t, 10, config.MaxConns)
	require.Equal(t, 30*time.Minute, config.MaxConnLifetime)
	require.Equal(t, 5*time.Minute, config.MaxConnLifetimeJitter)
	require.Equal(t, 300*time.Millisecond, config.PingTimeout)
	require.Equal(t, 3*time.Second, config.ConnConfig.ConnectTimeout)
	require.NotNil(t, config.ConnConfig.ValidateConnect)
	require.Equal(t, "a:1, b:2", hosts(config.ConnConfig))

	config, err = poolConfig("postgres://u:p@[::1]/d?connect_timeout=9&pool_max_conns=3&pool_max_conn_lifetime=1h" +
		"&pool_max_conn_lifetime_jitter=1s&pool_ping_timeout=2s")
	require.NoError(t, err)
	require.EqualValues(t, 3, config.MaxConns)
	require.Equal(t, time.Hour, config.MaxConnLifetime)
	require.Equal(t, time.Second, config.MaxConnLifetimeJitter)
	require.Equal(t, 2*time.Second, config.PingTimeout)
	require.Equal(t, 9*time.Second, config.ConnConfig.ConnectTimeout)
	require.Equal(t, "[::1]:5432", hosts(config.ConnConfig))
}

// TestOpenFails: one line that names the place and never the password.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	database, err := url.Parse(storetest.PostgresURL(t))
	require.NoError(t, err)
	nobody, noDatabase := *database, *database
	nobody.User = url.UserPassword("nobody-here", "hunter2")
	noDatabase.User, noDatabase.Path = url.UserPassword(database.User.Username(), "hunter2"), "/no-such-database"
	closed := closedPort(t)
	for _, test := range []struct{ name, url, says string }{
		{"nobody listens", "postgres://u:hunter2@" + closed + "/d", closed + ": connection refused"},
		{"nobody of two", "postgres://u:hunter2@" + closed + "," + closed + "/d?sslmode=disable", closed + ": connection refused"},
		{"unknown user", nobody.String(), database.Host},
		{"unknown database", noDatabase.String(), database.Host},
		{"no certificate", "postgres://u:hunter2@" + closed + "/d?sslrootcert=/no/such/file", "/no/such/file"},
		{"password with a slash", "postgres://u:hunter2/x@" + closed + "/d", "percent-encode the password"},
		{"bad port", "postgres://u:hunter2@h:hunter2/d", "percent-encode the password"},
		{"no URL", "hunter2", "percent-encode the password"},
		{"bad pool size", "postgres://u:hunter2@h/d?pool_max_conns=hunter2", "percent-encode the password"},
	} {
		_, err := Open(t.Context(), test.url, Options{})
		require.ErrorContains(t, err, test.says, test.name)
		require.NotContains(t, err.Error(), "hunter2", test.name)
		require.NotContains(t, err.Error(), "\n", test.name)
	}
	_, err = Open(t.Context(), "postgres://u:p@"+closed+"/d", Options{})
	require.ErrorIs(t, err, account.ErrUnavailable)
}

// TestSecondHost: the URL may name a host that is down.
func TestSecondHost(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(storetest.PostgresURL(t))
	require.NoError(t, err)
	u.Host = closedPort(t) + "," + u.Host
	s := openUp(t, u.String())
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Note{}))
}

// TestDeadDatabase: a server that is gone without a word is noticed in about a second, on
// connections that were live and on new ones, and found again when it is back.
func TestDeadDatabase(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(storetest.PostgresURL(t))
	require.NoError(t, err)
	proxy := newProxy(t, u.Host)
	u.Host = proxy.addr
	s := openUp(t, u.String())
	user := storetest.NewUser()
	require.NoError(t, s.CreateUser(t.Context(), user, audit.Note{}))

	proxy.freeze()
	s.pool.Reset() // a new connection is needed, and nobody answers
	begun := time.Now()
	_, err = s.UserByID(t.Context(), user.ID)
	require.ErrorIs(t, err, account.ErrUnavailable)
	require.Less(t, time.Since(begun), 2*time.Second)

	proxy.cut()
	_, err = s.UserByID(t.Context(), user.ID)
	require.ErrorIs(t, err, account.ErrUnavailable)

	proxy.thaw()
	require.Eventually(t, func() bool {
		_, err := s.UserByID(t.Context(), user.ID)
		return err == nil
	}, 10*time.Second, 50*time.Millisecond)
}

// TestPoolExhausted: a free connection is waited for no longer than a second.
func TestPoolExhausted(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), storetest.PostgresURL(t), Options{MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	_, err = s.Up(t.Context())
	require.NoError(t, err, "migrations do not need the pool's only connection")
	require.NoError(t, s.with(t.Context(), func(ctx context.Context, _ *pgxpool.Conn) error {
		require.ErrorIs(t, s.Ping(ctx), account.ErrUnavailable)
		_, err := s.Up(ctx)
		require.NoError(t, err)
		return nil
	}))
	require.NoError(t, s.Ping(t.Context()))
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	pg := func(code, constraint string) error {
		return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code, ConstraintName: constraint})
	}
	for name, test := range map[string]struct{ err, want error }{
		"no row":           {fmt.Errorf("wrapped: %w", pgx.ErrNoRows), account.ErrNotFound},
		"username":         {pg("23505", "users_username_key"), account.ErrUsernameTaken},
		"e-mail":           {pg("23505", "users_email_key"), account.ErrEmailTaken},
		"other key":        {pg("23505", "clients_pkey"), oauth.ErrExists},
		"role gone":        {pg("23503", "users_to_roles_role_id_fkey"), account.ErrUnknownRole},
		"user gone":        {pg("23503", "sessions_user_id_fkey"), account.ErrNotFound},
		"NUL":              {pg("22021", ""), account.ErrNotFound},
		"shut down":        {pg("57P01", ""), account.ErrUnavailable},
		"crashed":          {pg("57P02", ""), account.ErrUnavailable},
		"starting":         {pg("57P03", ""), account.ErrUnavailable},
		"statement time":   {pg("57014", ""), account.ErrUnavailable},
		"lock time":        {pg("55P03", ""), account.ErrUnavailable},
		"deadlock":         {pg("40P01", ""), account.ErrUnavailable},
		"demoted":          {pg("25006", ""), account.ErrUnavailable},
		"connection":       {pg("08006", ""), account.ErrUnavailable},
		"too many clients": {pg("53300", ""), account.ErrUnavailable},
		"network":          {&net.OpError{Op: "read", Err: errors.New("reset")}, account.ErrUnavailable},
		"cut":              {fmt.Errorf("wrapped: %w", io.ErrUnexpectedEOF), account.ErrUnavailable},
		"deadline":         {fmt.Errorf("wrapped: %w", context.DeadlineExceeded), account.ErrUnavailable},
		"canceled":         {fmt.Errorf("wrapped: %w", context.Canceled), context.Canceled},
	} {
		require.ErrorIs(t, translate(test.err), test.want, name)
	}
	require.NoError(t, translate(nil))
	for _, code := range []string{"42601", "23502", "22P02"} { // a fault of ours is nobody's bad input
		var known *account.Error
		require.NotErrorAs(t, translate(pg(code, "")), &known, code)
	}
}

// TestStatementTimeout: the server itself ends what takes too long, and the answer is the domain's.
func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	s := openURL(t, with(t, storetest.PostgresURL(t), "statement_timeout", "50ms"))
	_, err := one(t.Context(), s, pgx.RowTo[string], `SELECT pg_sleep(60)::text`)
	require.ErrorIs(t, err, account.ErrUnavailable)
	require.Equal(t, "57014", code(err))
}

// TestCancelInside cancels while a statement runs on the server.
func TestCancelInside(t *testing.T) {
	t.Parallel()
	s := openURL(t, storetest.PostgresURL(t))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := one(ctx, s, pgx.RowTo[string], `SELECT pg_sleep(1.5)::text`)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, account.ErrUnavailable)
}

// TestRestoredIndexOrder: which index is looked at first does not decide which error is given.
func TestRestoredIndexOrder(t *testing.T) {
	t.Parallel()
	s := openUp(t, storetest.PostgresURL(t))
	_, err := s.pool.Exec(t.Context(), `ALTER TABLE users DROP CONSTRAINT users_username_key;
		ALTER TABLE users ADD CONSTRAINT users_username_key UNIQUE (username_key)`)
	require.NoError(t, err)
	first, again := storetest.NewUser(), storetest.NewUser()
	again.UsernameKey, again.EmailKey = first.UsernameKey, first.EmailKey
	require.NoError(t, s.CreateUser(t.Context(), first, audit.Note{}))
	require.ErrorIs(t, s.CreateUser(t.Context(), again, audit.Note{}), account.ErrUsernameTaken)
}

package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// TestSettings reads the server settings of a connection: our defaults, and those of the URL.
func TestSettings(t *testing.T) {
	t.Parallel()
	database := storetest.PostgresURL(t)
	for name, test := range map[string]struct {
		url  string
		want map[string]string
	}{
		"defaults": {database, map[string]string{
			"statement_timeout": "2s", "lock_timeout": "1s", "idle_in_transaction_session_timeout": "5s",
			"TimeZone": "UTC", "application_name": "latchkey",
		}},
		"set in the URL": {
			withParams(t, database, "statement_timeout", "7s", "application_name", "mine", "timezone", "Asia/Kolkata"),
			map[string]string{"statement_timeout": "7s", "lock_timeout": "1s", "application_name": "mine", "TimeZone": "UTC"},
		},
		"set in options of the URL": {
			withParams(t, database, "options", "-c lock_timeout=8s"), map[string]string{"statement_timeout": "2s", "lock_timeout": "8s"},
		},
	} {
		s := openURL(t, test.url)
		for setting, want := range test.want {
			got, err := queryOne(t.Context(), s, pgx.RowTo[string], `SELECT current_setting($1)`, setting)
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

package postgres

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openDatabase)
}

func TestDisableClientWithManySessions(t *testing.T) {
	t.Parallel()
	storetest.DisableWithManySessions(t, openDatabase(t), storetest.PostgresSessions)
}

// openDatabase opens a fresh database for the tests of storetest.
func openDatabase(t *testing.T) storetest.Database {
	t.Helper()
	s := openMigrated(t, storetest.PostgresURL(t))
	return storetest.Database{Store: s, Exec: func(t *testing.T, sql string) {
		t.Helper()
		_, err := s.pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}}
}

func openURL(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func openMigrated(t *testing.T, url string) *Store {
	t.Helper()
	s := openURL(t, url)
	_, err := s.Up(t.Context())
	require.NoError(t, err)
	return s
}

// withParams returns a URL with more parameters.
func withParams(t *testing.T, database string, params ...string) string {
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

// TestOpenFails checks that an error is one line, names the host or the file, and never contains the
// password.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	database, err := url.Parse(storetest.PostgresURL(t))
	require.NoError(t, err)
	noUser, noDatabase := *database, *database
	noUser.User = url.UserPassword("no-such-user", "hunter2")
	noDatabase.User, noDatabase.Path = url.UserPassword(database.User.Username(), "hunter2"), "/no-such-database"
	closed := closedPort(t)
	for _, test := range []struct{ name, url, want string }{
		{"no server", "postgres://u:hunter2@" + closed + "/d", closed + ": connection refused"},
		{"no server on two hosts", "postgres://u:hunter2@" + closed + "," + closed + "/d?sslmode=disable", closed + ": connection refused"},
		{"unknown user", noUser.String(), database.Host},
		{"unknown database", noDatabase.String(), database.Host},
		{"missing certificate", "postgres://u:hunter2@" + closed + "/d?sslrootcert=/no/such/file", "/no/such/file"},
		{"password with a slash", "postgres://u:hunter2/x@" + closed + "/d", "percent-encode the password"},
		{"invalid port", "postgres://u:hunter2@h:hunter2/d", "percent-encode the password"},
		{"not a URL", "hunter2", "percent-encode the password"},
		{"invalid pool size", "postgres://u:hunter2@h/d?pool_max_conns=hunter2", "percent-encode the password"},
	} {
		_, err := Open(t.Context(), test.url, Options{})
		require.ErrorContains(t, err, test.want, test.name)
		require.NotContains(t, err.Error(), "hunter2", test.name)
		require.NotContains(t, err.Error(), "\n", test.name)
	}
	_, err = Open(t.Context(), "postgres://u:p@"+closed+"/d", Options{})
	require.ErrorIs(t, err, fault.ErrUnavailable)
}

// TestRestoredIndexOrder checks that a taken username is reported before a taken email, whichever index
// the server checks first.
func TestRestoredIndexOrder(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, storetest.PostgresURL(t))
	_, err := s.pool.Exec(t.Context(), `ALTER TABLE users DROP CONSTRAINT users_username_key;
		ALTER TABLE users ADD CONSTRAINT users_username_key UNIQUE (username_key)`)
	require.NoError(t, err)
	first, second := storetest.NewUser(), storetest.NewUser()
	second.UsernameKey, second.EmailKey = first.UsernameKey, first.EmailKey
	require.NoError(t, s.CreateUser(t.Context(), first, audit.Change{}))
	require.ErrorIs(t, s.CreateUser(t.Context(), second, audit.Change{}), account.ErrUsernameTaken)
}

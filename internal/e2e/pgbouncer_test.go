package e2e

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Two servers behind PgBouncer in transaction mode, with fewer connections to PostgreSQL than requests:
// the schema is migrated, users sign up and sign in, and sessions are refreshed on either server.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	inst := newPostgres(t)
	inst.database = startPgBouncer(t, inst.database)
	servers := []*server{launch(t, inst), launch(t, inst)}
	for _, s := range servers {
		s.waitUntilListening()
	}
	require.NotContains(t, inst.mustRun(t, "migrate", "status"), "no\n")
	refreshThroughPooler(t, servers)
}

// refreshThroughPooler signs 24 users up and in, and refreshes their sessions on the other server.
func refreshThroughPooler(t *testing.T, servers []*server) {
	t.Helper()
	for i := range 24 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			name, address := fmt.Sprintf("pooled-%d", i), fmt.Sprintf("192.0.2.%d", i)
			here, there := servers[i%2].from(address), servers[(i+1)%2].from(address)
			here.mustSignUp(t, name, validPassword)
			access, refresh := here.signIn(t, name, validPassword)
			for range 5 {
				here.requireTokenAccepted(t, access)
				got := there.refresh(t, refresh)
				require.Equal(t, 200, got.status, got.body)
				access, refresh = field(t, got.body, "access_token"), field(t, got.body, "refresh_token")
			}
		})
	}
}

// startPgBouncer starts a pooler with four connections to the database of a URL, and returns the URL of
// the pooler as docs/production.md describes it.
func startPgBouncer(t *testing.T, database string) string {
	t.Helper()
	program := os.Getenv("PGBOUNCER")
	require.NotEmpty(t, program, "PGBOUNCER is not set: run `make test`, which finds or installs PgBouncer")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	dir, err := os.MkdirTemp("", "latchkey-pgbouncer-") // every user may read it
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	file := filepath.Join(dir, "pgbouncer.ini")
	require.NoError(t, os.WriteFile(file, pgBouncerSettings(t, database, port), 0o644))

	arguments := []string{file}
	if os.Getuid() == 0 {
		arguments = []string{"--user", "nobody", file}
	}
	cmd := exec.CommandContext(context.Background(), program, arguments...)
	startProgram(t, cmd, newOutput(regexp.MustCompile(`process up`)))
	return "postgres://latchkey@127.0.0.1:" + strconv.Itoa(port) + "/pooled?sslmode=disable&default_query_exec_mode=exec"
}

// pgBouncerSettings are those of docs/production.md. The schema of the test is set here, because
// PgBouncer does not pass on the search_path of a client.
func pgBouncerSettings(t *testing.T, database string, port int) []byte {
	t.Helper()
	target, err := pgx.ParseConfig(database)
	require.NoError(t, err)
	parsed, err := url.Parse(database)
	require.NoError(t, err)
	return fmt.Appendf(nil, `[databases]
pooled = host=%s port=%d dbname=%s user=%s password=%s connect_query='SET search_path TO %s'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = statement_timeout,lock_timeout,idle_in_transaction_session_timeout
`, target.Host, target.Port, target.Database, target.User, target.Password, parsed.Query().Get("search_path"), port)
}

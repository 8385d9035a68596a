package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// TestMain runs the tests, or the migration of a process that one of the tests starts.
func TestMain(m *testing.M) {
	url := os.Getenv("LATCHKEY_TEST_URL")
	if url == "" {
		goleak.VerifyTestMain(m) // which exits, and fails if a goroutine outlives the tests
	}
	if err := migrateProcess(url, os.Getenv("LATCHKEY_TEST_HANG") != ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// migrateProcess prints how many migrations it applied, or hangs in the middle of one.
func migrateProcess(url string, hang bool) error {
	ctx := context.Background()
	s, err := Open(ctx, url, Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	if hang {
		s.migrationFiles = storetest.OneMigration("CREATE TABLE half (x int); SELECT pg_sleep(600);")
	}
	n, err := s.Up(ctx)
	fmt.Fprintln(os.Stdout, n)
	return err
}

// migrateCommand returns a command that runs migrateProcess.
func migrateCommand(t *testing.T, url string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "LATCHKEY_TEST_URL="+url)...)
	return cmd
}

// requireNoTable fails if a table exists.
func requireNoTable(t *testing.T, s *Store, table string) {
	t.Helper()
	_, err := queryOne(t.Context(), s, pgx.RowTo[int], `SELECT count(*) FROM `+table)
	require.Equal(t, "42P01", code(err), "the table %s exists", table)
}

func TestTenProcessesMigrate(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	applied := storetest.RunProcesses(t, 10, func() *exec.Cmd { return migrateCommand(t, url) })
	s := openURL(t, url)
	migrations, err := s.Status(t.Context())
	require.NoError(t, err)
	require.Len(t, migrations, applied, "each migration is applied once")
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}))
}

func TestProcessKilledDuringMigration(t *testing.T) {
	t.Parallel()
	name := "hang-" + storetest.NewUser().ID
	url := storetest.PostgresURL(t)
	cmd := migrateCommand(t, withParams(t, url, "application_name", name), "LATCHKEY_TEST_HANG=1")
	require.NoError(t, cmd.Start())
	s := openURL(t, url)
	const countSleeping = `SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'PgSleep'`
	require.Eventually(t, func() bool {
		n, err := queryOne(t.Context(), s, pgx.RowTo[int], countSleeping, name)
		return err == nil && n == 1
	}, 20*time.Second, 20*time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	_, err := s.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}))
	requireNoTable(t, s, "half")
}

func TestFailedMigration(t *testing.T) {
	t.Parallel()
	s := openURL(t, storetest.PostgresURL(t))
	files := s.migrationFiles
	s.migrationFiles = storetest.OneMigration("CREATE TABLE half (x int); nonsense;")
	applied, err := s.Up(t.Context())
	require.Error(t, err)
	require.Zero(t, applied)
	s.migrationFiles = files
	_, err = s.Up(t.Context())
	require.NoError(t, err)
	requireNoTable(t, s, "half")
}

func TestMigrateWithoutSchema(t *testing.T) {
	t.Parallel()
	s := openURL(t, withParams(t, storetest.PostgresURL(t), "search_path", "no_such_schema"))
	_, err := s.Up(t.Context())
	require.ErrorContains(t, err, "none of the schemas in the search_path exists")
}

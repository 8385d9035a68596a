package sqlite

import (
	"bufio"
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"modernc.org/sqlite"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// TestMain runs the tests, or the migration of a process that one of the tests starts.
func TestMain(m *testing.M) {
	path := os.Getenv("LATCHKEY_TEST_FILE")
	if path == "" {
		goleak.VerifyTestMain(m) // which exits, and fails if a goroutine outlives the tests
	}
	if err := migrateProcess(path, os.Getenv("LATCHKEY_TEST_HANG") != ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// migrateProcess prints how many migrations it applied, or prints hanging and hangs in the middle of one.
func migrateProcess(path string, hang bool) error {
	ctx := context.Background()
	if hang {
		sqlite.MustRegisterScalarFunction("hang", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
			fmt.Fprintln(os.Stdout, "hanging")
			select {}
		})
	}
	s, err := Open(ctx, path)
	if err != nil {
		return err
	}
	if hang {
		s.migrationFiles = storetest.OneMigration("CREATE TABLE half (x INTEGER); SELECT hang();")
	}
	n, err := s.Up(ctx)
	fmt.Fprintln(os.Stdout, n)
	return err
}

// migrateCommand returns a command that runs migrateProcess.
func migrateCommand(t *testing.T, path string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "LATCHKEY_TEST_FILE="+path)...)
	return cmd
}

// requireNoTable fails if a table exists.
func requireNoTable(t *testing.T, s *Store, table string) {
	t.Helper()
	_, err := s.writer.ExecContext(t.Context(), `SELECT * FROM `+table)
	require.ErrorContains(t, err, "no such table: "+table)
}

func TestTenProcessesMigrate(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	applied := storetest.RunProcesses(t, 10, func() *exec.Cmd { return migrateCommand(t, path) })
	s := openFile(t, path)
	migrations, err := s.Status(t.Context())
	require.NoError(t, err)
	require.Len(t, migrations, applied, "each migration is applied once")
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}))
}

func TestProcessKilledDuringMigration(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	cmd := migrateCommand(t, path, "LATCHKEY_TEST_HANG=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "hanging\n", line)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	s := openMigrated(t, path)
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}))
	requireNoTable(t, s, "half")
}

func TestFailedMigration(t *testing.T) {
	t.Parallel()
	s := openFile(t, newPath(t))
	files := s.migrationFiles
	s.migrationFiles = storetest.OneMigration("CREATE TABLE half (x INTEGER); nonsense;")
	applied, err := s.Up(t.Context())
	require.Error(t, err)
	require.Zero(t, applied)
	s.migrationFiles = files
	_, err = s.Up(t.Context())
	require.NoError(t, err)
	requireNoTable(t, s, "half")
}

// TestFileLockHonoursContext checks that a process can stop waiting for the migration of another.
func TestFileLockHonoursContext(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	require.NoError(t, s.withFileLock(t.Context(), func() error {
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Up(canceled)
		require.ErrorIs(t, err, context.Canceled)
		return nil
	}))
}

package sqlite

import (
	"bufio"
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// TestMain is also the program that the tests below start as processes of their own.
func TestMain(m *testing.M) {
	path := os.Getenv("LATCHKEY_TEST_FILE")
	if path == "" {
		os.Exit(m.Run())
	}
	if err := migrateProcess(path, os.Getenv("LATCHKEY_TEST_STALL") != ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// migrateProcess prints how many migrations it applied, or stalls in the middle of one and says so.
func migrateProcess(path string, stall bool) error {
	ctx := context.Background()
	if stall {
		sqlite.MustRegisterScalarFunction("stall", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
			fmt.Fprintln(os.Stdout, "stalled")
			select {}
		})
	}
	s, err := Open(ctx, path)
	if err != nil {
		return err
	}
	if stall {
		s.steps = step("CREATE TABLE half (x INTEGER); SELECT stall();")
	}
	n, err := s.Up(ctx)
	fmt.Fprintln(os.Stdout, n)
	return err
}

// step is a list of one migration.
func step(up string) fstest.MapFS {
	return fstest.MapFS{"00001_test.sql": {Data: []byte("-- +goose Up\n" + up + "\n-- +goose Down\nSELECT 1;\n")}}
}

func process(t *testing.T, path string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "LATCHKEY_TEST_FILE="+path)...)
	return cmd
}

func TestTenProcessesStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	type result struct {
		out []byte
		err error
	}
	results := make(chan result)
	for range 10 {
		cmd := process(t, path)
		go func() {
			out, err := cmd.CombinedOutput()
			results <- result{out, err}
		}()
	}
	applied := 0
	for range 10 {
		r := <-results
		require.NoError(t, r.err, string(r.out))
		n, err := strconv.Atoi(strings.TrimSpace(string(r.out)))
		require.NoError(t, err)
		applied += n
	}
	s := openFile(t, path)
	steps, err := s.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(steps), applied, "each migration is applied once")
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser()))
}

func TestKilledInsideMigration(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	cmd := process(t, path, "LATCHKEY_TEST_STALL=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "stalled\n", line)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	s := openUp(t, path)
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser()))
	_, err = s.writer.ExecContext(t.Context(), `SELECT * FROM half`)
	require.Error(t, err, "half a migration has stayed")
}

func TestFailedMigration(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "latchkey.db"))
	whole := s.steps
	s.steps = step("CREATE TABLE half (x INTEGER); nonsense;")
	applied, err := s.Up(t.Context())
	require.Error(t, err)
	require.Zero(t, applied)
	s.steps = whole
	_, err = s.Up(t.Context())
	require.NoError(t, err)
	_, err = s.writer.ExecContext(t.Context(), `SELECT * FROM half`)
	require.Error(t, err, "half a migration has stayed")
}

// TestLockHonoursContext: who waits for another's migration can give up.
func TestLockHonoursContext(t *testing.T) {
	t.Parallel()
	s := openUp(t, filepath.Join(t.TempDir(), "latchkey.db"))
	require.NoError(t, s.locked(t.Context(), func() error {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Up(gone)
		require.ErrorIs(t, err, context.Canceled)
		return nil
	}))
}

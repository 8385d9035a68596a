package sqlite

import (
	"bufio"
	"context"
	"database/sql/driver"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/latchkey-auth/latchkey/internal/audit"
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
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Note{}))
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
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Note{}))
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

// TestVersionOneRows: a database of version 1 that holds rows goes up and down again, and is the same
// to the last column, index and constraint.
func TestVersionOneRows(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "latchkey.db"))
	whole := s.steps
	first, err := fs.ReadFile(whole, "00001_init.sql")
	require.NoError(t, err)
	s.steps = fstest.MapFS{"00001_init.sql": {Data: first}}
	_, err = s.Up(t.Context())
	require.NoError(t, err)
	_, err = s.writer.ExecContext(t.Context(), `
		INSERT INTO users VALUES ('u', 'Ann', 'ann', 'Ann@x', 'ann@x', 1, 1, 'A', 'p', 'h', 7, 11, 12);
		INSERT INTO users_to_roles SELECT u.id, r.id FROM users u, roles r;
		INSERT INTO clients VALUES ('web', 'Web', 1, 0, '["password"]', '["profile"]', '["a"]', 60, 1, 13);
		INSERT INTO client_secrets VALUES ('web', x'01', 14, 15), ('web', x'02', 16, NULL);
		INSERT INTO sessions VALUES ('s', x'01', 'u', 7, 'web', '["profile"]', 'a', 'u', 17, 18, 19, 20, 21, 'r');
		INSERT INTO sessions VALUES ('t', x'02', 'u', 7, 'web', '[]', '', '', 22, 23, 24, 25, NULL, NULL);
		INSERT INTO signing_keys VALUES ('k', 1, 'ES256', x'01', x'02', 26, 27, NULL);
		INSERT INTO throttle VALUES (x'01', 28)`)
	require.NoError(t, err)
	before := dump(t, s)

	s.steps = whole
	_, err = s.Up(t.Context())
	require.NoError(t, err)
	session, user, err := s.SessionByFamily(t.Context(), []byte{1})
	require.NoError(t, err)
	require.Equal(t, "ann", user.UsernameKey)
	require.Equal(t, session.CreatedAt, session.RotatedAt)
	require.Equal(t, "r", session.RevokedReason)
	steps, err := s.Status(t.Context())
	require.NoError(t, err)
	for range steps[1:] {
		require.NoError(t, s.Down(t.Context()))
	}
	require.Equal(t, before, dump(t, s))
}

// dump is the schema and every row. Only in a table that was renamed the name stands in quotes.
func dump(t *testing.T, s *Store) []string {
	t.Helper()
	const schema = `SELECT replace(coalesce(sql, name), '"', '') FROM sqlite_schema WHERE tbl_name NOT LIKE 'goose%' ORDER BY 1`
	lines, err := all(t.Context(), s.writer, value[string], schema)
	require.NoError(t, err)
	for _, table := range []string{"users", "roles", "users_to_roles", "clients", "client_secrets", "sessions", "signing_keys", "throttle"} {
		columns, err := one(t.Context(), s.writer, value[string],
			`SELECT group_concat('quote(' || name || ')', ' || '','' || ') FROM pragma_table_info(?)`, table)
		require.NoError(t, err)
		rows, err := all(t.Context(), s.writer, value[string], `SELECT `+columns+` FROM `+table+` ORDER BY 1`)
		require.NoError(t, err)
		require.NotEmpty(t, rows, table)
		lines = append(lines, rows...)
	}
	return lines
}

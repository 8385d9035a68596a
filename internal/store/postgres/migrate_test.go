package postgres

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// TestMain is also the program that the tests below start as processes of their own.
func TestMain(m *testing.M) {
	url := os.Getenv("LATCHKEY_TEST_URL")
	if url == "" {
		os.Exit(m.Run())
	}
	if err := migrateProcess(url, os.Getenv("LATCHKEY_TEST_STALL") != ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// migrateProcess prints how many migrations it applied, or stalls in the middle of one.
func migrateProcess(url string, stall bool) error {
	ctx := context.Background()
	s, err := Open(ctx, url, Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	if stall {
		s.steps = step("CREATE TABLE half (x int); SELECT pg_sleep(600);")
	}
	n, err := s.Up(ctx)
	fmt.Fprintln(os.Stdout, n)
	return err
}

// step is a list of one migration.
func step(up string) fstest.MapFS {
	return fstest.MapFS{"00001_test.sql": {Data: []byte("-- +goose Up\n" + up + "\n-- +goose Down\nSELECT 1;\n")}}
}

func process(t *testing.T, url string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "LATCHKEY_TEST_URL="+url)...)
	return cmd
}

func TestTenProcessesStart(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	type result struct {
		out []byte
		err error
	}
	results := make(chan result)
	for range 10 {
		cmd := process(t, url)
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
	s := openURL(t, url)
	steps, err := s.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(steps), applied, "each migration is applied once")
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Note{}))
}

func TestKilledInsideMigration(t *testing.T) {
	t.Parallel()
	name := "stall-" + storetest.NewUser().ID
	url := storetest.PostgresURL(t)
	cmd := process(t, with(t, url, "application_name", name), "LATCHKEY_TEST_STALL=1")
	require.NoError(t, cmd.Start())
	s := openURL(t, url)
	const sleeping = `SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'PgSleep'`
	require.Eventually(t, func() bool {
		n, err := one(t.Context(), s, pgx.RowTo[int], sleeping, name)
		return err == nil && n == 1
	}, 20*time.Second, 20*time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())

	_, err := s.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Note{}))
	_, err = one(t.Context(), s, pgx.RowTo[int], `SELECT x FROM half`)
	require.Equal(t, "42P01", code(err), "half a migration has stayed")
}

func TestFailedMigration(t *testing.T) {
	t.Parallel()
	s := openURL(t, storetest.PostgresURL(t))
	whole := s.steps
	s.steps = step("CREATE TABLE half (x int); nonsense;")
	applied, err := s.Up(t.Context())
	require.Error(t, err)
	require.Zero(t, applied)
	s.steps = whole
	_, err = s.Up(t.Context())
	require.NoError(t, err)
	_, err = one(t.Context(), s, pgx.RowTo[int], `SELECT x FROM half`)
	require.Equal(t, "42P01", code(err), "half a migration has stayed")
}

func TestNoSchema(t *testing.T) {
	t.Parallel()
	s := openURL(t, with(t, storetest.PostgresURL(t), "search_path", "no_such_schema"))
	_, err := s.Up(t.Context())
	require.ErrorContains(t, err, "no schema of the search_path exists")
}

// TestVersionOneRows: a database of version 1 that holds rows goes up and down again, and is the same
// to the last column, index and constraint.
func TestVersionOneRows(t *testing.T) {
	t.Parallel()
	s := openURL(t, storetest.PostgresURL(t))
	whole := s.steps
	first, err := fs.ReadFile(whole, "00001_init.sql")
	require.NoError(t, err)
	s.steps = fstest.MapFS{"00001_init.sql": {Data: first}}
	_, err = s.Up(t.Context())
	require.NoError(t, err)
	_, err = s.pool.Exec(t.Context(), `
		INSERT INTO users VALUES ('0190d1a0-0000-7000-8000-000000000001', 'Ann', 'ann', 'Ann@x', 'ann@x', TRUE, TRUE, 'A', 'p', 'h', 7, now(), now());
		INSERT INTO users_to_roles SELECT u.id, r.id FROM users u, roles r;
		INSERT INTO clients VALUES ('web', 'Web', TRUE, FALSE, '{password}', '{profile}', '{a}', 60, TRUE, now());
		INSERT INTO client_secrets VALUES ('web', '\x01', now(), now()), ('web', '\x02', now(), NULL);
		INSERT INTO sessions SELECT '0190d1a0-0000-7000-8000-000000000002', '\x01', id, 7, 'web', '{profile}', 'a', 'u', now(), now(), now(), now(), now(), 'r' FROM users;
		INSERT INTO sessions SELECT '0190d1a0-0000-7000-8000-000000000003', '\x02', id, 7, 'web', '{}', '', '', now(), now(), now(), now(), NULL, NULL FROM users;
		INSERT INTO signing_keys VALUES ('k', 1, 'ES256', '\x01', '\x02', now(), now(), NULL);
		INSERT INTO throttle VALUES ('\x01', now())`)
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

// dump is the schema and every row, as text.
func dump(t *testing.T, s *Store) []string {
	t.Helper()
	const schema = `
		SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%' UNION ALL
		SELECT replace(indexdef, current_schema(), '') FROM pg_indexes
			WHERE schemaname = current_schema() AND tablename NOT LIKE 'goose%' UNION ALL
		SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
			WHERE connamespace = current_schema()::regnamespace AND conrelid::regclass::text NOT LIKE '%goose%'
		ORDER BY 1`
	lines, err := all(t.Context(), s, pgx.RowTo[string], schema)
	require.NoError(t, err)
	for _, table := range []string{"users", "roles", "users_to_roles", "clients", "client_secrets", "sessions", "signing_keys", "throttle"} {
		rows, err := all(t.Context(), s, pgx.RowTo[string], `SELECT t::text FROM `+table+` t ORDER BY 1`)
		require.NoError(t, err)
		require.NotEmpty(t, rows, table)
		lines = append(lines, rows...)
	}
	return lines
}

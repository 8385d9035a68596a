package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

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
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser()))
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
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser()))
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

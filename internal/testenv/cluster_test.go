//go:build unix

package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func startTestCluster(ctx context.Context, bin string) (resource, error) {
	return startCluster(ctx, bin, false)
}

// serverDir returns the directory of this machine's server programs. A machine that uses a remote
// server or a container may have none; then serverDir checks that the search reports it.
func serverDir(t *testing.T) (dir string, ok bool) {
	t.Helper()
	search := postgresSearch{host: thisHost(logger{io.Discard}), start: startTestCluster}
	dirs := search.serverDirs(t.Context())
	if len(dirs) == 0 {
		_, err := search.local(t.Context())
		require.ErrorIs(t, err, errAbsent)
		return "", false
	}
	return dirs[0], true
}

func TestClusterRequiresItsPasswordUntilStopRemovesIt(t *testing.T) {
	t.Parallel()
	dir, ok := serverDir(t)
	if !ok {
		return
	}
	found, err := startCluster(t.Context(), dir, false)
	require.NoError(t, err)

	conn, err := pgx.Connect(t.Context(), found.value)
	require.NoError(t, err)
	var data string
	require.NoError(t, conn.QueryRow(t.Context(), "show data_directory").Scan(&data))
	require.DirExists(t, data)
	_, err = conn.Exec(t.Context(), "SET password_encryption = 'scram-sha-256'; CREATE ROLE with_scram LOGIN PASSWORD 'scram'")
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))

	config, err := pgx.ParseConfig(found.value)
	require.NoError(t, err)
	config.Password = "wrong"
	_, err = pgx.ConnectConfig(t.Context(), config)
	require.ErrorContains(t, err, "28P01") // invalid_password

	config.User, config.Password = "with_scram", "scram" // the driver of the service speaks SCRAM, too
	withScram, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	require.NoError(t, withScram.Close(t.Context()))

	require.NoError(t, found.stop())
	require.NoDirExists(t, filepath.Dir(data))
	_, err = reachPostgres(t.Context(), found.value)
	require.ErrorContains(t, err, "cannot connect")
}

func TestClusterRunsUntilStop(t *testing.T) {
	t.Parallel()
	dir, ok := serverDir(t)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	found, err := startCluster(ctx, dir, false)
	require.NoError(t, err)
	cancel()
	_, err = reachPostgres(t.Context(), found.value)
	require.NoError(t, err)
	require.NoError(t, found.stop())
}

func TestFailedClusterLeavesNoFiles(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	_, err := startCluster(t.Context(), filepath.Join(tmp, "no-such-server"), false)
	require.ErrorContains(t, err, "no-such-server/initdb")
	remaining, err := os.ReadDir(tmp)
	require.NoError(t, err)
	require.Empty(t, remaining)
}

// Tests do without durable commits; a measurement does not.
func TestDurableCluster(t *testing.T) {
	t.Parallel()
	dir, ok := serverDir(t)
	if !ok {
		return
	}
	for durable, want := range map[bool]string{false: "off", true: "on"} {
		found, err := startCluster(t.Context(), dir, durable)
		require.NoError(t, err)
		conn, err := pgx.Connect(t.Context(), found.value)
		require.NoError(t, err)
		for _, setting := range []string{"fsync", "full_page_writes"} {
			var got string
			require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got))
			require.Equal(t, want, got, setting)
		}
		require.NoError(t, conn.Close(t.Context()))
		require.NoError(t, found.stop())
	}
}

// A measurement needs no browser.
func TestRequirements(t *testing.T) {
	t.Parallel()
	h := thisHost(logger{io.Discard})
	require.Len(t, requirements(h, []string{"true"}, false), 3+len(gateways))
	require.Len(t, requirements(h, []string{"true"}, true), 1)
}

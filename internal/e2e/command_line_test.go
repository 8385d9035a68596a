package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^latchkey development( [0-9a-f]{40})? go1\.\S+ \S+/\S+\n$`, newSQLite(t).mustRun(t, "version"))
}

func TestHelp(t *testing.T) {
	t.Parallel()
	got := newSQLite(t).run(t, "serve", "--help")
	require.Equal(t, 0, got.code)
	require.Empty(t, got.stderr)
	for _, setting := range []string{"LATCHKEY_LISTEN", "LATCHKEY_DATABASE_URL", "LATCHKEY_ISSUER", "LATCHKEY_SECRET", "LATCHKEY_ACCESS_TTL"} {
		require.Contains(t, got.stdout, setting)
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	s := start(t, inst)
	check := func() result {
		return execute(t, inst.environment("LATCHKEY_LISTEN="+strings.TrimPrefix(s.url, "http://")), "", "healthcheck")
	}
	require.Equal(t, result{}, check())
	s.stop()
	got := check()
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "connection refused")
}

// Settings are read from a .env file; the environment overrides it.
func TestDotEnvFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("LATCHKEY_DATA_DIR="+dir+"/from-file\n"), 0o600))
	for variable, dataDir := range map[string]string{"OTHER=1": "from-file", "LATCHKEY_DATA_DIR=" + dir + "/from-environment": "from-environment"} {
		cmd := exec.CommandContext(t.Context(), binary, "migrate", "up")
		cmd.Dir, cmd.Env = dir, []string{variable}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.FileExists(t, filepath.Join(dir, dataDir, "latchkey.db"))
	}
}

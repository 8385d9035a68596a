package e2e

import (
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The command in the greeting of a development server works as printed.
func TestDevGreeting(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t), "LATCHKEY_ISSUER=")
	var line string
	for _, l := range lines(s.log.String()) {
		if _, rest, found := strings.Cut(l, "Token     "); found {
			line = rest
		}
	}
	require.True(t, strings.HasPrefix(line, "curl "), s.log)
	out, err := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line, "curl ", "curl --silent --show-error ", 1)).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NotEmpty(t, field(t, string(out), "access_token"))
	for _, username := range []string{"user", "moderator", "admin"} {
		require.Contains(t, s.log.String(), devPassword(username))
	}
}

// A development server generates a random secret that only its owner can read, and keeps it.
func TestDevSecret(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	start(t, inst).stop()
	path := filepath.Join(inst.dir, "dev-secret")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	start(t, inst).stop()
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)

	other := newSQLite(t)
	start(t, other).stop()
	another, err := os.ReadFile(filepath.Join(other.dir, "dev-secret"))
	require.NoError(t, err)
	require.NotEqual(t, sha256.Sum256(before), sha256.Sum256(another))
}

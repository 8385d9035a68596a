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

// A mistyped command or flag gets a suggestion.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	for suggestion, arguments := range map[string][]string{
		`"serve"`: {"srve"}, `"set-password"`: {"user", "set-pasword", "alice"}, `"--log-level"`: {"serve", "--log-levl", "debug"},
	} {
		got := newSQLite(t).run(t, arguments...)
		require.Equal(t, 2, got.code)
		require.Contains(t, got.stderr, "did you mean "+suggestion)
	}
}

// The script for bash completes with the program.
func TestBashCompletion(t *testing.T) {
	t.Parallel()
	script := newSQLite(t).mustRun(t, "completion", "bash") + `
		COMP_WORDS=(latchkey user set-); COMP_CWORD=2; _latchkey; echo "${COMPREPLY[*]}"
		COMP_WORDS=(latchkey serve --log-level ""); COMP_CWORD=3; _latchkey; echo "${COMPREPLY[*]}"`
	shell := exec.CommandContext(t.Context(), "bash", "-c", script)
	shell.Env, shell.Dir = []string{"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH")}, t.TempDir()
	out, err := shell.Output()
	require.NoError(t, err)
	require.Equal(t, "set-password\ndebug info warn error\n", string(out))
}

// No output has colors, on a terminal neither, so that NO_COLOR has nothing to switch off.
func TestNoColors(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	s := start(t, inst)
	for _, arguments := range [][]string{{"--help"}, {"user", "list"}, {"doctor"}, {"man"}, {"no-such-command"}} {
		got := inst.run(t, arguments...)
		require.NotContains(t, got.stdout+got.stderr+s.wholeLog(t), "\x1b", arguments)
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

// Help can be asked for as a command, too.
func TestHelpCommand(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	for _, command := range []string{"", "user", "user create"} {
		words := strings.Fields(command)
		want := inst.mustRun(t, append(words, "--help")...)
		require.Equal(t, want, inst.mustRun(t, append([]string{"help"}, words...)...), command)
	}
}

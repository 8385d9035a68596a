//go:build sdk

package e2e

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// expectedOf returns what the examples of docs/clients print for a user.
func expectedOf(username, roles string) string {
	return "signed up " + username + "\n" +
		"profile " + username + " " + roles + "\n" +
		"users 403 insufficient_scope\n" +
		"tokens 2\n" +
		"revoked 401 invalid_token\n"
}

// startForSDK starts a server that calls itself by the address at which it listens.
func startForSDK(t *testing.T, environment ...string) *server {
	t.Helper()
	return start(t, newSQLite(t), append([]string{"LATCHKEY_ISSUER="}, environment...)...)
}

// writeContract writes the contract that the server serves, and returns the name of the file.
func (s *server) writeContract(t *testing.T, dir string) string {
	t.Helper()
	got := s.get(t, "/openapi.json", "")
	require.Equal(t, http.StatusOK, got.status)
	name := filepath.Join(dir, "openapi.json")
	require.NoError(t, os.WriteFile(name, []byte(got.body), 0o600))
	return name
}

var codeBlock = regexp.MustCompile("(?ms)^```\\w+\n((?://|#|<!--) (\\S+\\.\\w+)[^\n]*\n(?:.*?\n)?)```\\s*$")

// extract writes the code blocks of a page of docs/clients that begin with the name of a file.
func extract(t *testing.T, page, dir string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/clients/" + page)
	require.NoError(t, err)
	blocks := codeBlock.FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, blocks, page)
	for _, block := range blocks {
		name := filepath.Join(dir, block[2])
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(block[1]), 0o600))
	}
}

// required returns the value of a variable that testenv sets.
func required(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Fatalf("%s is not set: run these tests with `make sdk`, which installs what they need", variable)
	}
	return value
}

// run runs a program in a directory and returns its standard output.
func run(t *testing.T, dir string, environment []string, argv ...string) string {
	t.Helper()
	out, err := attempt(t, dir, environment, argv...)
	require.NoError(t, err, "%s\n%s", strings.Join(argv, " "), out)
	return out
}

// attempt is run for a program that may fail. If it does, the text includes its standard error.
func attempt(t *testing.T, dir string, environment []string, argv ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), environment...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String() + stderr.String(), err
	}
	return stdout.String(), nil
}

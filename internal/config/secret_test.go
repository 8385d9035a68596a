package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const testSecret = "8mZ1w0gq7cVJt4yP2nXh5sKdR9bLfUoE"

func TestCheckSecrets(t *testing.T) {
	t.Parallel()
	other := strings.ToLower(testSecret)
	for name, c := range map[string]struct {
		text    string
		count   int
		problem string // a part of the error; empty: valid
	}{
		"one":                      {text: testSecret, count: 1},
		"two, separated by comma":  {text: testSecret + "," + other, count: 2},
		"two, one per line":        {text: " " + testSecret + " \r\n\n" + other + "\n", count: 2},
		"too short":                {text: testSecret[:31], count: 1, problem: "has 31 bytes"},
		"the second too short":     {text: testSecret + ",x", count: 2, problem: "secret 2 has 1 bytes"},
		"one character repeated":   {text: strings.Repeat("x", 40), count: 1, problem: "does not look random"},
		"the same secret twice":    {text: testSecret + "," + testSecret, count: 2, problem: "duplicate"},
		"separators and no secret": {text: " ,\n", problem: "is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := splitSecrets(c.text)
			require.Len(t, all, c.count)
			var p problems
			checkSecrets(all, &p)
			if c.problem == "" {
				require.Empty(t, p)
				return
			}
			require.Len(t, p, 1)
			require.ErrorContains(t, p[0], c.problem)
			require.NotContains(t, p[0].Error(), testSecret[:8])
		})
	}
}

func TestSecretFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(testSecret+"\n"), 0o600))
	s := validServe()
	s.SecretFile = path
	require.NoError(t, s.Resolve())
	require.Equal(t, [][]byte{[]byte(testSecret)}, s.Secrets)
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620} {
		require.NoError(t, os.Chmod(path, mode))
		s := validServe()
		s.SecretFile = path
		require.ErrorContains(t, s.Resolve(), "chmod 600")
	}
}

// Commands use the development secret when no other is configured.
func TestSecretOfCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var none SecretSettings
	require.ErrorContains(t, none.Resolve(dir), "LATCHKEY_SECRET is not set")
	secret, err := DevSecret(dir)
	require.NoError(t, err)
	var dev SecretSettings
	require.NoError(t, dev.Resolve(dir))
	require.Equal(t, [][]byte{secret}, dev.Secrets)
}

// Processes that start at once share one development secret.
func TestDevSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	results := make(chan string, 20)
	for range cap(results) {
		go func() {
			secret, err := DevSecret(dir)
			if err != nil {
				secret = []byte(err.Error())
			}
			results <- string(secret)
		}()
	}
	first := <-results
	require.Len(t, first, 43)
	for range cap(results) - 1 {
		require.Equal(t, first, <-results)
	}
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1, "no temporary file is left")
}

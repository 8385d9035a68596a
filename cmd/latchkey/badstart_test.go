package main

import (
	"crypto/sha256"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const goodSecret = "LATCHKEY_SECRET=8mZ1w0gq7cVJt4yP2nXh5sKdR9bLfUoE"

// A bad start says in a line what is wrong and how to mend it, leaves everything as it was, and tells
// no password.
func TestBadStart(t *testing.T) {
	t.Parallel()
	occupied, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = occupied.Close() })
	readable := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(readable, []byte(goodSecret), 0o644))
	plainFile := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(plainFile, nil, 0o600))

	for name, c := range map[string]struct {
		environment []string
		arguments   []string
		code        int
		says        []string // the lines of standard error, each in part
	}{
		"occupied port": {
			arguments: []string{"--dev", "--listen", occupied.Addr().String()}, code: 1,
			says: []string{"cannot listen on " + occupied.Addr().String() + ": listen tcp " + occupied.Addr().String() + ": bind: address already in use; set LATCHKEY_LISTEN to another address"},
		},
		"unreachable database": {
			environment: []string{"LATCHKEY_DATABASE_URL=postgres://u:canary-password@127.0.0.1:1/x"},
			arguments:   []string{"--dev", "--listen", "127.0.0.1:0"}, code: 1,
			says: []string{"cannot connect to 127.0.0.1:1: connection refused; see LATCHKEY_DATABASE_URL"},
		},
		"data directory below a file": {
			environment: []string{"LATCHKEY_DATABASE_URL=", "LATCHKEY_DATA_DIR=" + plainFile + "/data"},
			arguments:   []string{"--dev", "--listen", "127.0.0.1:0"}, code: 1,
			says: []string{"the data directory cannot be made: mkdir " + plainFile + ": not a directory; set LATCHKEY_DATA_DIR to one that can"},
		},
		"database that is a directory": {
			environment: []string{"LATCHKEY_DATABASE_URL=sqlite:" + t.TempDir()},
			arguments:   []string{"--dev", "--listen", "127.0.0.1:0"}, code: 1, says: []string{"is a directory"},
		},
		"no issuer, no secret": {
			code: 2, says: []string{
				"LATCHKEY_ISSUER is not set: set it to the public URL of this service, as in https://auth.example.com",
				"LATCHKEY_SECRET is not set: make one with `openssl rand -base64 32`, keep it, and set it here or by LATCHKEY_SECRET_FILE",
			},
		},
		"short secret": {
			environment: []string{"LATCHKEY_SECRET=short-canary-password"}, arguments: []string{"--dev"},
			code: 2, says: []string{"LATCHKEY_SECRET: secret 1 has 21 bytes and needs at least 32: make one with `openssl rand -base64 32`"},
		},
		"a secret that is no random text": {
			environment: []string{"LATCHKEY_SECRET=" + strings.Repeat("ab", 20)}, arguments: []string{"--dev"},
			code: 2, says: []string{"LATCHKEY_SECRET: secret 1 is no random text: make one with `openssl rand -base64 32`"},
		},
		"a secret that others may read": {
			arguments: []string{"--dev", "--secret-file", readable},
			code:      2, says: []string{"LATCHKEY_SECRET_FILE: " + readable + " may be read by others (mode 0644): run chmod 600 on it"},
		},
		"no such secret file": {
			arguments: []string{"--dev", "--secret-file", "/nowhere"}, code: 2, says: []string{"LATCHKEY_SECRET_FILE: stat /nowhere: no such file"},
		},
		"listening on a network without TLS": {
			environment: []string{goodSecret, "LATCHKEY_ISSUER=https://auth.example.com"}, arguments: []string{"--listen", "0.0.0.0:0"},
			code: 2, says: []string{"LATCHKEY_LISTEN: 0.0.0.0:0 is not loopback and this is plain HTTP: put a proxy that terminates TLS in front and set LATCHKEY_BEHIND_TLS_PROXY=true"},
		},
		"development on a network": {
			arguments: []string{"--dev", "--listen", "0.0.0.0:0"},
			code:      2, says: []string{"LATCHKEY_LISTEN: --dev listens on loopback only, as in 127.0.0.1:8080"},
		},
		"an issuer without TLS": {
			environment: []string{goodSecret, "LATCHKEY_ISSUER=http://auth.example.com"},
			code:        2, says: []string{`LATCHKEY_ISSUER: "http://auth.example.com" is not https`},
		},
		"a misspelt setting": {
			environment: []string{"LATCHKEY_LISTN=127.0.0.1:0"}, arguments: []string{"--dev"},
			code: 2, says: []string{"LATCHKEY_LISTN is not a setting; `latchkey serve --help` lists them"},
		},
		"a database elsewhere without verification": {
			environment: []string{"LATCHKEY_DATABASE_URL=postgres://u:canary-password@db.example.com/x"}, arguments: []string{"--dev"},
			code: 2, says: []string{"LATCHKEY_DATABASE_URL: db.example.com is another host: add sslmode=verify-full, or set LATCHKEY_DATABASE_INSECURE=true if the network between is yours"},
		},
		"a database of another kind": {
			environment: []string{"LATCHKEY_DATABASE_URL=mysql://u:canary-password@localhost/x"}, arguments: []string{"--dev"},
			code: 2, says: []string{"LATCHKEY_DATABASE_URL: begins with neither postgres:// nor sqlite:"},
		},
		"trusting everybody": {
			environment: []string{"LATCHKEY_TRUSTED_PROXIES=0.0.0.0/0"}, arguments: []string{"--dev"},
			code: 2, says: []string{"LATCHKEY_TRUSTED_PROXIES: 0.0.0.0/0 trusts everybody; name the networks of your proxies"},
		},
		"a life that is too long": {
			environment: []string{"LATCHKEY_ACCESS_TTL=2h"}, arguments: []string{"--dev"},
			code: 2, says: []string{"LATCHKEY_ACCESS_TTL: 2h0m0s is not between 10s and 1h0m0s"},
		},
		"an unknown flag": {
			arguments: []string{"--verbose"}, code: 2, says: []string{"unknown flag --verbose"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := sqlitePlace(t)
			got := execution(t, at.environment(c.environment...), "", append([]string{"serve"}, c.arguments...)...)
			require.Equal(t, c.code, got.code, got.err)
			said := lines(got.err)
			require.Len(t, said, len(c.says), got.err)
			require.True(t, strings.HasPrefix(said[0], "latchkey: "), said[0])
			for i, part := range c.says {
				require.Contains(t, said[i], part)
			}
			require.NotContains(t, got.err+got.out, "canary-password")
			require.NoFileExists(t, filepath.Join(at.dir, "latchkey.db"), "a start that fails makes no database")
		})
	}
}

// A secret that is not the one of the stored keys is refused, and the keys stay as they are.
func TestWrongSecret(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		first := start(t, at, goodSecret)
		keys := first.get(t, "/.well-known/jwks.json", "").body
		first.stop()

		other := "LATCHKEY_SECRET=another-Secret-0123456789-abcdefghij"
		got := execution(t, at.environment(other), "", "serve", "--dev", "--listen", "127.0.0.1:0")
		require.Equal(t, 1, got.code)
		require.Len(t, lines(got.err), 1)
		require.Contains(t, got.err, "LATCHKEY_SECRET is not the one the keys were stored with")

		require.Equal(t, keys, start(t, at, goodSecret).get(t, "/.well-known/jwks.json", "").body)
	})
}

// A new secret in front of the old one is how a secret is replaced.
func TestSecondSecret(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	first := start(t, at, goodSecret)
	token := first.token(t, "user", devPassword("user"))
	first.stop()
	_, old, _ := strings.Cut(goodSecret, "=")
	second := start(t, at, "LATCHKEY_SECRET=another-Secret-0123456789-abcdefghij,"+old)
	require.Equal(t, 200, second.get(t, "/api/auth/users/me", token).status)
}

// The secret that development makes is private, random, and stays.
func TestDevSecret(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	start(t, at).stop()
	path := filepath.Join(at.dir, "dev-secret")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	start(t, at).stop()
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)

	other := sqlitePlace(t)
	start(t, other).stop()
	foreign, err := os.ReadFile(filepath.Join(other.dir, "dev-secret"))
	require.NoError(t, err)
	require.NotEqual(t, sha256.Sum256(before), sha256.Sum256(foreign))
}

package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const withSecret = "LATCHKEY_SECRET=" + oldSecret

// failedStart is a start of the server that must fail.
type failedStart struct {
	environment string // NAME=VALUE pairs, separated by spaces
	arguments   string
	code        int
	want        []string // part of each line on standard error
}

// invalidSettings are the starts that fail before the server opens anything.
var invalidSettings = map[string]failedStart{
	"no issuer, no secret": {
		code: 2, want: []string{
			"LATCHKEY_ISSUER is not set: set it to the public URL of this service, for example https://auth.example.com",
			"LATCHKEY_SECRET is not set: generate one with `openssl rand -base64 32`, store it safely, and set LATCHKEY_SECRET or LATCHKEY_SECRET_FILE",
		},
	},
	"short secret": {
		environment: "LATCHKEY_SECRET=short-canary-password", arguments: "--dev",
		code: 2, want: []string{"LATCHKEY_SECRET: secret 1 has 21 bytes and needs at least 32: generate one with `openssl rand -base64 32`"},
	},
	"secret that is not random": {
		environment: "LATCHKEY_SECRET=" + strings.Repeat("ab", 20), arguments: "--dev",
		code: 2, want: []string{"LATCHKEY_SECRET: secret 1 does not look random: generate one with `openssl rand -base64 32`"},
	},
	"missing secret file": {
		arguments: "--dev --secret-file /nowhere", code: 2, want: []string{"LATCHKEY_SECRET_FILE: stat /nowhere: no such file"},
	},
	"public address without TLS": {
		environment: withSecret + " LATCHKEY_ISSUER=https://auth.example.com", arguments: "--listen 0.0.0.0:0",
		code: 2, want: []string{"LATCHKEY_LISTEN: 0.0.0.0:0 is not loopback and this is plain HTTP: put a proxy that terminates TLS in front and set LATCHKEY_BEHIND_TLS_PROXY=true"},
	},
	"public address in development": {
		arguments: "--dev --listen 0.0.0.0:0",
		code:      2, want: []string{"LATCHKEY_LISTEN: --dev listens on loopback only, for example on 127.0.0.1:8080"},
	},
	"issuer without TLS": {
		environment: withSecret + " LATCHKEY_ISSUER=http://auth.example.com",
		code:        2, want: []string{`LATCHKEY_ISSUER: "http://auth.example.com" is not https`},
	},
	"misspelt setting": {
		environment: "LATCHKEY_LISTN=127.0.0.1:0", arguments: "--dev",
		code: 2, want: []string{"LATCHKEY_LISTN is not a setting; run `latchkey serve --help` to list all settings"},
	},
	"remote database without verification": {
		environment: "LATCHKEY_DATABASE_URL=postgres://u:canary-password@db.example.com/x", arguments: "--dev",
		code: 2, want: []string{"LATCHKEY_DATABASE_URL: db.example.com is a remote host: add sslmode=verify-full, or set LATCHKEY_DATABASE_INSECURE=true if you trust the network in between"},
	},
	"unsupported database": {
		environment: "LATCHKEY_DATABASE_URL=mysql://u:canary-password@localhost/x", arguments: "--dev",
		code: 2, want: []string{"LATCHKEY_DATABASE_URL: must begin with postgres:// or sqlite:"},
	},
	"every address is a trusted proxy": {
		environment: "LATCHKEY_TRUSTED_PROXIES=0.0.0.0/0", arguments: "--dev",
		code: 2, want: []string{"LATCHKEY_TRUSTED_PROXIES: 0.0.0.0/0 trusts every address; list only the networks of your proxies"},
	},
	"lifetime too long": {
		environment: "LATCHKEY_ACCESS_TTL=2h", arguments: "--dev",
		code: 2, want: []string{"LATCHKEY_ACCESS_TTL: 2h0m0s is not between 10s and 1h0m0s"},
	},
	"certificate without a key": {
		environment: "LATCHKEY_TLS_CERT=/nowhere", arguments: "--dev",
		code: 2, want: []string{"LATCHKEY_TLS_CERT and LATCHKEY_TLS_KEY: only one is set; set both or neither"},
	},
	"certificate that is not there": {
		environment: "LATCHKEY_TLS_CERT=/nowhere LATCHKEY_TLS_KEY=/nowhere", arguments: "--dev --listen 127.0.0.1:0",
		code: 2, want: []string{"certificate /nowhere with key /nowhere: open /nowhere: no such file"},
	},
	"issuer without TLS of a service with TLS": {
		environment: "LATCHKEY_TLS_CERT=/nowhere LATCHKEY_TLS_KEY=/nowhere LATCHKEY_ISSUER=http://localhost:8080", arguments: "--dev",
		code: 2, want: []string{`LATCHKEY_ISSUER: "http://localhost:8080" is not https, but LATCHKEY_TLS_CERT makes the service speak only TLS`},
	},
	"admin address that is none": {
		environment: "LATCHKEY_ADMIN_LISTEN=9090", arguments: "--dev",
		code: 2, want: []string{`LATCHKEY_ADMIN_LISTEN: "9090" is not HOST:PORT, for example 127.0.0.1:9090`},
	},
	"unknown flag": {
		arguments: "--verbose", code: 2, want: []string{"unknown flag --verbose"},
	},
}

// A start that fails prints a line for each error that says what to do. It prints no password and creates
// no database.
func TestInvalidSettings(t *testing.T) {
	t.Parallel()
	for name, c := range invalidSettings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.require(t)
		})
	}
}

// A start that cannot use its port, its database or its files fails in the same way.
func TestStartupErrors(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	occupied := listener.Addr().String()
	readable := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(readable, []byte(oldSecret), 0o644))
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))

	for name, c := range map[string]failedStart{
		"occupied port": {
			arguments: "--dev --listen " + occupied, code: 1,
			want: []string{"cannot listen on " + occupied + ": listen tcp " + occupied + ": bind: address already in use; set LATCHKEY_LISTEN to another address"},
		},
		"unreachable database": {
			environment: "LATCHKEY_DATABASE_WAIT=0s LATCHKEY_DATABASE_URL=postgres://u:canary-password@127.0.0.1:1/x",
			arguments:   "--dev --listen 127.0.0.1:0", code: 1,
			want: []string{"cannot connect to 127.0.0.1:1: connection refused; check LATCHKEY_DATABASE_URL"},
		},
		"data directory below a file": {
			environment: "LATCHKEY_DATABASE_URL= LATCHKEY_DATA_DIR=" + file + "/data",
			arguments:   "--dev --listen 127.0.0.1:0", code: 1,
			want: []string{"cannot create the data directory: mkdir " + file + ": not a directory; set LATCHKEY_DATA_DIR to a writable directory"},
		},
		"database that is a directory": {
			environment: "LATCHKEY_DATABASE_URL=sqlite:" + t.TempDir(),
			arguments:   "--dev --listen 127.0.0.1:0", code: 1, want: []string{"is a directory"},
		},
		"secret file that others may read": {
			arguments: "--dev --secret-file " + readable,
			code:      2, want: []string{"LATCHKEY_SECRET_FILE: " + readable + " is accessible to other users (mode 0644): run chmod 600 on it"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.require(t)
		})
	}
}

func (f failedStart) require(t *testing.T) {
	t.Helper()
	inst := newSQLite(t)
	arguments := append([]string{"serve"}, strings.Fields(f.arguments)...)
	got := execute(t, inst.environment(strings.Fields(f.environment)...), "", arguments...)
	require.Equal(t, f.code, got.code, got.stderr)
	printed := lines(got.stderr)
	require.Len(t, printed, len(f.want), got.stderr)
	require.True(t, strings.HasPrefix(printed[0], "latchkey: "), printed[0])
	for i, part := range f.want {
		require.Contains(t, printed[i], part)
	}
	require.NotContains(t, got.stderr+got.stdout, "canary-password")
	require.NoFileExists(t, filepath.Join(inst.dir, "latchkey.db"))
}

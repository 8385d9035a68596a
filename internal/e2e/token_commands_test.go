package e2e

import (
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// latchkey token prints tokens of a user that the service accepts, and latchkey explain says what an
// operation does with them. Both know the issuer of a development service, whatever its port.
func TestTokenAndExplainCommands(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		printed := inst.run(t, "token", "-u", "moderator")
		require.Zero(t, printed.code, printed.stderr)
		require.Empty(t, printed.stderr)
		token := strings.TrimSpace(printed.stdout)
		s.requireTokenAccepted(t, token)
		require.Contains(t, inst.mustRun(t, "audit"), "user.signed_in")

		explained := inst.runWithInput(t, printed.stdout, "explain", "--operation", "GET /api/test/mod")
		require.Zero(t, explained.code, explained.stderr)
		require.Contains(t, explained.stdout, "Result: accepted\n")
		require.Equal(t, http.StatusOK, s.get(t, "/api/test/mod", token).status)

		explained = inst.runWithInput(t, printed.stdout, "explain", "--operation", "getAdminContent")
		require.Contains(t, explained.stdout, "needs ROLE_ADMIN")
		require.Contains(t, explained.stdout, "Result: rejected with 403 insufficient_scope\n")
		require.Equal(t, http.StatusForbidden, s.get(t, "/api/test/admin", token).status)

		inst.mustRun(t, "user", "sign-out", "moderator")
		explained = inst.run(t, "explain", "--json", token)
		object := decode(t, explained.stdout)
		require.InDelta(t, http.StatusUnauthorized, object["status"], 0)
		require.Equal(t, "invalid_token", object["error"])
		require.Contains(t, explained.stdout, "(ended_by_administrator)")
		s.requireTokenRejected(t, token)
	}, "LATCHKEY_ISSUER=")
}

// latchkey explain requires the typ that the service requires.
func TestExplainComparesTheType(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	s := start(t, inst, "LATCHKEY_ISSUER=")
	with := func(environment, input string, arguments ...string) string {
		got := execute(t, inst.environment(environment), input, arguments...)
		require.Zero(t, got.code, got.stderr)
		return got.stdout
	}
	const typeJWT = "LATCHKEY_TOKEN_TYPE=JWT"
	token := strings.TrimSpace(with(typeJWT, "", "token", "-u", "user"))
	s.requireTokenRejected(t, token)
	require.Contains(t, inst.mustRun(t, "explain", token), `has the typ "JWT", the service requires "at+jwt"`)
	require.Contains(t, with(typeJWT, token, "explain"), "Result: accepted\n")
	require.Contains(t, with("LATCHKEY_JWT_AUDIENCES="+s.issuer, token, "explain"), "Result: accepted\n")
	require.NotContains(t, inst.mustRun(t, "explain", "--offline", token), "failed")
}

// latchkey explain expects the audience that the service expects.
func TestExplainReadsTheAudience(t *testing.T) {
	t.Parallel()
	inst, audience := newSQLite(t), "LATCHKEY_AUDIENCE=https://api.example.com,https://other.example.com"
	s := start(t, inst, "LATCHKEY_ISSUER=", audience)
	token := strings.TrimSpace(execute(t, inst.environment(audience), "", "token", "-u", "user").stdout)
	s.requireTokenAccepted(t, token)
	require.Contains(t, execute(t, inst.environment(audience), token, "explain").stdout, "Result: accepted\n")
	require.Contains(t, inst.mustRun(t, "explain", "--audience=https://third.example.com", token), "the API expects https://third.example.com")
}

// Without a database, explain checks what the token says.
func TestExplainOffline(t *testing.T) {
	t.Parallel()
	token := start(t, newSQLite(t)).devToken(t, "user")
	nowhere := []string{"LATCHKEY_DATA_DIR=" + t.TempDir() + "/none", "LATCHKEY_ISSUER=" + testIssuer}
	got := execute(t, nowhere, token+"\n", "explain", "--role", "ROLE_USER")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stderr, "The database is not available")
	require.Contains(t, got.stdout, "not everything could be checked")
	offline := execute(t, nowhere, token, "explain", "--role=ROLE_USER", "--offline")
	require.Equal(t, withoutRest(got.stdout), withoutRest(offline.stdout))

	got = execute(t, nowhere, token, "explain", "--offline", "--issuer=https://other.example")
	require.Contains(t, got.stdout, "rejected with 401 invalid_token")
	for name, arguments := range map[string][]string{
		"no token on standard input": {}, "needs no access token": {"--operation", "getHealth"},
		"use either --operation": {"--operation", "listUsers", "--scope", "profile"},
	} {
		got := execute(t, nowhere, "", append([]string{"explain", "--offline"}, arguments...)...)
		require.NotZero(t, got.code, arguments)
		require.Contains(t, got.stderr, name)
	}
}

// withoutRest removes how long a token is still valid, which changes from one moment to the next.
func withoutRest(explained string) string {
	return regexp.MustCompile(`expires in \w+`).ReplaceAllString(explained, "expires soon")
}

// The command that latchkey token --curl prints works as printed.
func TestTokenAsCurl(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	s := start(t, inst, "LATCHKEY_ISSUER=")
	got := inst.run(t, "token", "-u", "user", "--curl")
	require.Zero(t, got.code, got.stderr)
	out, err := exec.CommandContext(t.Context(), "sh", "-c", got.stdout).Output()
	require.NoError(t, err)
	require.Contains(t, string(out), `"username":"user"`)

	json := inst.run(t, "token", "-u", "admin@example.com", "--json", "--scope", "profile")
	require.Equal(t, "profile", field(t, json.stdout, "scope"))
	require.Equal(t, http.StatusOK, s.refresh(t, field(t, json.stdout, "refresh_token")).status)
	for _, arguments := range [][]string{{"-u", "nobody"}, {"-u", "user", "--client", "nobody"}, {"-u", "user", "--scope", "users:read"}, {}} {
		got := inst.run(t, append([]string{"token"}, arguments...)...)
		require.NotZero(t, got.code, arguments)
		require.Empty(t, got.stdout)
	}
}

// Where no development service has run, a token needs the settings of the service.
func TestTokenWithoutSettings(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	nothing := inst.run(t, "token", "-u", "user")
	require.Equal(t, 2, nothing.code)
	require.Contains(t, nothing.stderr, "set LATCHKEY_SECRET_FILE or LATCHKEY_SECRET as for the service, or run the command in the directory of a development service")
	require.NotContains(t, nothing.stderr, "openssl")
	got := inst.run(t, "token", "-u", "user", "--dev")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "LATCHKEY_ISSUER is not set")
}

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A user who was made by command signs in; roles that are granted and revoked count at once.
func TestUserCommands(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		const password = "typed by hand, once"
		got := command(t, at, password+"\n", "user", "create", "Alice", "--email", "alice@example.com", "--name", "Alice A.")
		require.Equal(t, 0, got.code, got.err)
		require.Regexp(t, `^[0-9a-f-]{36}\n$`, got.out)
		require.Empty(t, got.err)
		id := strings.TrimSpace(got.out)

		list := command(t, at, "", "user", "list")
		require.Regexp(t, `^USERNAME +EMAIL +VERIFIED +ROLES +ACTIVE +CREATED +ID\nAlice +alice@example.com +false +ROLE_USER +true +\S+Z +`+id+`\n$`, list.out)

		require.Equal(t, outcome{}, command(t, at, "", "user", "grant", "alice@example.com", "ROLE_ADMIN"))
		require.Equal(t, outcome{}, command(t, at, "", "user", "grant", "alice", "ROLE_ADMIN"), "having it already is no fault")
		require.Equal(t, []any{"ROLE_ADMIN", "ROLE_USER"}, listed(t, at)["roles"])
		require.Equal(t, outcome{}, command(t, at, "", "user", "revoke", "alice", "ROLE_USER"))
		user := listed(t, at)
		require.Equal(t, []any{"ROLE_ADMIN"}, user["roles"])
		require.Equal(t, id, user["id"])
		require.NotContains(t, fmt.Sprint(user), "$argon2id$")

		s := start(t, at)
		require.Equal(t, http.StatusOK, s.get(t, "/api/test/admin", s.token(t, "alice", password)).status)
	})
}

// listed gives Alice as `user list --json` has her.
func listed(t *testing.T, at place) map[string]any {
	t.Helper()
	got := command(t, at, "", "user", "list", "--json")
	require.Equal(t, 0, got.code, got.err)
	require.Len(t, lines(got.out), 1)
	var user map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.out), &user))
	return user
}

func TestCommandFaults(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	require.Equal(t, 0, command(t, at, "a long enough one\n", "user", "create", "taken", "--email", "taken@example.com").code)
	for name, c := range map[string]struct {
		input     string
		arguments string
		code      int
		says      string
	}{
		"no password":        {"", "user create bob --email bob@example.com", 1, "no password on standard input"},
		"an empty password":  {"\n", "user create bob --email bob@example.com", 1, "no password on standard input"},
		"a short password":   {"short\n", "user create bob --email bob@example.com", 1, "the password needs at least 8 characters"},
		"a common password":  {"password1\n", "user create bob --email bob@example.com", 1, "the password is one of the most common ones"},
		"the name is taken":  {"a long enough one\n", "user create TAKEN --email bob@example.com", 1, "the username is taken"},
		"the mail is taken":  {"a long enough one\n", "user create bob --email Taken@Example.com", 1, "the e-mail address is taken"},
		"no mail":            {"a long enough one\n", "user create bob", 2, "missing flags: --email"},
		"no address at all":  {"a long enough one\n", "user create bob --email bob", 1, "this is not an e-mail address"},
		"no such role":       {"a long enough one\n", "user create bob --email bob@example.com --role ROLE_KING", 1, "there is no such role"},
		"password as a flag": {"", "user create bob --email bob@example.com --password x", 2, "unknown flag --password"},
		"grant to nobody":    {"", "user grant nobody ROLE_ADMIN", 1, "there is no user \"nobody\"; `latchkey user list` shows all"},
		"revoke from nobody": {"", "user revoke nobody ROLE_ADMIN", 1, "there is no user \"nobody\"; `latchkey user list` shows all"},
		"grant what is not":  {"", "user grant taken ROLE_KING", 1, "there is no such role"},
		"no command":         {"", "", 2, "expected one of"},
		"no such command":    {"", "sevre", 2, `did you mean "serve"?`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := command(t, at, c.input, strings.Fields(c.arguments)...)
			require.Equal(t, c.code, got.code, got.err)
			require.Len(t, lines(got.err), 1, got.err)
			require.Contains(t, got.err, "latchkey: ")
			require.Contains(t, got.err, c.says)
			require.Empty(t, got.out)
		})
	}
}

func TestMigrateCommands(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		status := func() string {
			got := command(t, at, "", "migrate", "status")
			require.Equal(t, 0, got.code, got.err)
			return got.out
		}
		require.Regexp(t, `^VERSION +NAME +APPLIED\n1 +00001_init.sql +no\n`, status())
		up := command(t, at, "", "migrate", "up")
		require.Equal(t, 0, up.code, up.err)
		require.Regexp(t, `^[1-9][0-9]* migrations applied\n$`, up.out)
		require.NotContains(t, status(), " no\n")
		require.Equal(t, outcome{out: "0 migrations applied\n"}, command(t, at, "", "migrate", "up"))

		require.Equal(t, outcome{out: "1 migration taken back\n"}, command(t, at, "", "migrate", "down"))
		require.Contains(t, status(), " no\n")
		require.Equal(t, outcome{out: "1 migrations applied\n"}, command(t, at, "", "migrate", "up"))
	})
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got := command(t, sqlitePlace(t), "", "version")
	require.Equal(t, 0, got.code)
	require.Regexp(t, `^latchkey development( [0-9a-f]{40})? go1\.\S+ \S+/\S+\n$`, got.out)
}

func TestHelp(t *testing.T) {
	t.Parallel()
	got := command(t, sqlitePlace(t), "", "serve", "--help")
	require.Equal(t, 0, got.code)
	require.Empty(t, got.err)
	for _, setting := range []string{"LATCHKEY_LISTEN", "LATCHKEY_DATABASE_URL", "LATCHKEY_ISSUER", "LATCHKEY_SECRET", "LATCHKEY_ACCESS_TTL"} {
		require.Contains(t, got.out, setting)
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	s := start(t, at)
	ask := func() outcome {
		return execution(t, at.environment("LATCHKEY_LISTEN="+strings.TrimPrefix(s.url, "http://")), "", "healthcheck")
	}
	require.Equal(t, outcome{}, ask())
	s.stop()
	got := ask()
	require.Equal(t, 1, got.code)
	require.Contains(t, got.err, "connection refused")
}

// What the greeting of development says works when it is pasted.
func TestGreetingWorks(t *testing.T) {
	t.Parallel()
	s := start(t, sqlitePlace(t), "LATCHKEY_ISSUER=")
	var line string
	for _, l := range lines(s.log.String()) {
		if _, rest, found := strings.Cut(l, "Token     "); found {
			line = rest
		}
	}
	require.True(t, strings.HasPrefix(line, "curl "), s.log)
	out, err := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line, "curl ", "curl --silent --show-error ", 1)).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NotEmpty(t, member(t, string(out), "access_token"))
	for _, u := range devUsers {
		require.Contains(t, s.log.String(), devPassword(u.name))
	}
}

// A .env file is read, and the environment goes before it.
func TestDotEnv(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte("LATCHKEY_DATA_DIR="+dir+"/from-file\n"), 0o600))
	for variable, made := range map[string]string{"OTHER=1": "from-file", "LATCHKEY_DATA_DIR=" + dir + "/from-environment": "from-environment"} {
		cmd := exec.CommandContext(t.Context(), binary, "migrate", "up")
		cmd.Dir, cmd.Env = dir, []string{variable}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.FileExists(t, filepath.Join(dir, made, "latchkey.db"))
	}
}

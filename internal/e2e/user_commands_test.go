package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A user created by command can sign in, with the roles granted by command.
func TestCreateUserByCommand(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		const password = "typed by hand, once"
		inst.mustRun(t, "migrate", "up")
		got := inst.runWithInput(t, password+"\n", "user", "create", "Alice", "--email", "alice@example.com", "--name", "Alice A.")
		require.Equal(t, 0, got.code, got.stderr)
		require.Regexp(t, `^[0-9a-f-]{36}\n$`, got.stdout)
		require.Empty(t, got.stderr)
		id := strings.TrimSpace(got.stdout)

		require.Regexp(t, `^USERNAME +EMAIL +VERIFIED +ROLES +ACTIVE +CREATED +ID\nAlice +alice@example.com +false +ROLE_USER +true +\S+Z +`+id+`\n$`, inst.mustRun(t, "user", "list"))

		inst.mustRunSilently(t, "user", "grant", "alice@example.com", "ROLE_ADMIN")
		require.Equal(t, result{}, inst.run(t, "user", "grant", "alice", "ROLE_ADMIN"), "granting a role again is no error")
		require.Equal(t, []any{"ROLE_ADMIN", "ROLE_USER"}, decode(t, inst.mustRun(t, "user", "list", "--json"))["roles"])
		inst.mustRunSilently(t, "user", "revoke", "alice", "ROLE_USER")
		user := decode(t, inst.mustRun(t, "user", "list", "--json"))
		require.Equal(t, []any{"ROLE_ADMIN"}, user["roles"])
		require.Equal(t, id, user["id"])
		require.NotContains(t, fmt.Sprint(user), "$argon2id$")

		s := start(t, inst)
		require.Equal(t, http.StatusOK, s.get(t, "/api/test/admin", s.token(t, "alice", password)).status)
	})
}

// A new password, disabling and deletion by command take effect at once in a running server.
func TestChangeUserByCommand(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		first, next := devPassword("user"), "another good password"
		status := func(password string) int { return s.login(t, "user", password).status }
		token := s.token(t, "user", first)

		require.Equal(t, result{}, inst.runWithInput(t, next+"\n", "user", "set-password", "user@example.com"))
		require.Equal(t, http.StatusOK, status(next))
		require.Equal(t, http.StatusBadRequest, status(first))
		s.requireTokenRejected(t, token, "a new password ends the sessions")

		inst.mustRunSilently(t, "user", "disable", "user")
		require.Equal(t, http.StatusBadRequest, status(next))
		inst.mustRunSilently(t, "user", "enable", "user")
		require.Equal(t, http.StatusOK, status(next))

		requireAsks(t, inst, "user", "delete", "user")
		require.Equal(t, http.StatusOK, status(next))
		inst.mustRunSilently(t, "user", "delete", "user", "--yes")
		require.Equal(t, http.StatusBadRequest, status(next))
		require.NotContains(t, inst.mustRun(t, "user", "list"), "user@example.com")
	})
}

// Commands invite, disable and reset a user; the running server sends the emails.
func TestInviteDisableAndResetByCommand(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		id := inst.mustRun(t, "user", "create", "guest", "--email", "guest@example.com", "--invite", "--role", "ROLE_MODERATOR", "--role", "ROLE_USER")
		require.Regexp(t, `^[0-9a-f-]{36}\n$`, id)
		token := inst.waitForToken(t, "guest@example.com", inviteSubject)
		require.Equal(t, http.StatusOK, s.resetPassword(t, token, validPassword).status)
		s.token(t, "guest", validPassword)

		inst.mustRunSilently(t, "user", "disable", "guest", "--until", "2099-01-01T00:00:00Z")
		s.requireLoginFails(t, "guest", validPassword)
		require.Equal(t, "2099-01-01T00:00:00Z", field(t, inst.mustRun(t, "user", "list", "--disabled", "--json"), "disabled_until"))
		inst.mustRunSilently(t, "user", "enable", "guest")
		s.token(t, "guest", validPassword)
		require.Empty(t, inst.mustRun(t, "user", "list", "--disabled", "--json"))

		inst.mustRunSilently(t, "user", "force-reset", "guest@example.com")
		s.requireLoginFails(t, "guest", validPassword)
		inst.waitForToken(t, "guest@example.com", resetSubject)
		require.Equal(t, result{}, inst.runWithInput(t, "yet another one\n", "user", "set-password", "guest"))
		s.token(t, "guest", "yet another one")
		inst.mustRunSilently(t, "user", "delete", "guest", "--yes")
		s.requireLoginFails(t, "guest", "yet another one")
	})
}

// The list of users is a table or JSON, and can be filtered.
func TestListUsersByCommand(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		for name, role := range map[string]string{"alice": "ROLE_ADMIN", "alfred": "ROLE_USER", "bob": "ROLE_USER"} {
			inst.createUser(t, name, "--role", role, "--verified")
		}
		inst.mustRunSilently(t, "user", "disable", "bob")
		names := func(arguments ...string) []string {
			var all []string
			for _, user := range decodeLines(t, inst.mustRun(t, append([]string{"user", "list", "--json"}, arguments...)...)) {
				all = append(all, user["username"].(string))
			}
			return all
		}
		require.ElementsMatch(t, []string{"alice", "alfred", "bob"}, names())
		require.Equal(t, []string{"alfred", "alice"}, names("AL"), "sorted by the text that matched")
		require.Equal(t, []string{"alice"}, names("--role", "ROLE_ADMIN"))
		require.Equal(t, []string{"bob"}, names("--disabled"))
		require.Empty(t, names("al", "--disabled"))
		table := lines(inst.mustRun(t, "user", "list"))
		require.Len(t, table, 4)
		require.Regexp(t, `^USERNAME +EMAIL +VERIFIED +ROLES +ACTIVE +CREATED +ID$`, table[0])
		require.Contains(t, strings.Join(table, "\n"), "bob@example.com")
	})
}

// Users and roles are edited by command while the server runs.
func TestEditUserAndRoleByCommand(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		token := s.devToken(t, "user")
		inst.mustRunSilently(t, "user", "edit", "user", "--name", "U. Ser", "--email", "new@example.com", "--no-verified")
		me := decode(t, s.call(t, token, "GET /api/users/me").body)
		require.Equal(t, "U. Ser", me["name"])
		require.Equal(t, "new@example.com", me["email"])
		require.Equal(t, false, me["email_verified"])
		require.Equal(t, result{code: 1, stderr: "latchkey: this username is taken\n"}, inst.run(t, "user", "edit", "user", "--username", "ADMIN"))

		inst.mustRunSilently(t, "role", "put", "ROLE_EDITOR", "--scope", "articles:write")
		require.Contains(t, inst.mustRun(t, "role", "list", "--json"), `{"builtin":false,"name":"ROLE_EDITOR","scopes":["articles:write"]}`)
		inst.mustRunSilently(t, "user", "grant", "user", "ROLE_EDITOR")
		requireAsks(t, inst, "role", "delete", "ROLE_EDITOR")
		require.Contains(t, inst.mustRun(t, "role", "list"), "ROLE_EDITOR")
		inst.mustRunSilently(t, "role", "delete", "ROLE_EDITOR", "--yes")
		require.Equal(t, 1, inst.run(t, "role", "delete", "ROLE_USER", "--yes").code)

		inst.mustRunSilently(t, "user", "sign-out", "user")
		require.Equal(t, http.StatusUnauthorized, s.call(t, token, "GET /api/users/me").status)
	})
}

// requireAsks requires that a command asks for confirmation, which needs a terminal.
func requireAsks(t *testing.T, inst installation, arguments ...string) {
	t.Helper()
	require.Equal(t, result{code: 1, stderr: "latchkey: cannot ask for confirmation without a terminal; add --yes to confirm\n"},
		inst.runWithInput(t, "y\n", arguments...))
}

package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is done by command counts in the running service, with a letter where one is needed.
func TestUserLifeByCommand(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		made := command(t, at, "", "user", "create", "guest", "--email", "guest@example.com", "--invite", "--role", "ROLE_MODERATOR", "--role", "ROLE_USER")
		require.Zero(t, made.code, made.err)
		require.Regexp(t, `^[0-9a-f-]{36}\n$`, made.out)
		token := at.mailedToken(t, "guest@example.com", "Your account")
		require.Equal(t, http.StatusOK, s.ask(t, "", "", "POST /api/auth/reset-password", object{"token": token, "password": "a long enough one"}).status)
		s.token(t, "guest", "a long enough one")

		require.Equal(t, outcome{}, command(t, at, "", "user", "disable", "guest", "--until", "2099-01-01T00:00:00Z"))
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "guest", "a long enough one").status)
		listed := command(t, at, "", "user", "list", "--disabled", "--json")
		require.Len(t, lines(listed.out), 1)
		require.Equal(t, "2099-01-01T00:00:00Z", member(t, listed.out, "disabled_until"))
		require.Equal(t, outcome{}, command(t, at, "", "user", "enable", "guest"))
		s.token(t, "guest", "a long enough one")
		require.Empty(t, command(t, at, "", "user", "list", "--disabled", "--json").out)

		require.Equal(t, outcome{}, command(t, at, "", "user", "force-reset", "guest@example.com"))
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "guest", "a long enough one").status)
		at.mailedToken(t, "guest@example.com", resetSubject)
		require.Equal(t, outcome{}, command(t, at, "yet another one\n", "user", "set-password", "guest"))
		s.token(t, "guest", "yet another one")
		require.Equal(t, outcome{}, command(t, at, "", "user", "delete", "guest", "--yes"))
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "guest", "yet another one").status)
	})
}

// The last administrator stays, whatever the command.
func TestLastAdminByCommand(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		require.Zero(t, command(t, at, "a long enough one\n", "user", "create", "boss", "--email", "boss@example.com", "--role", "ROLE_ADMIN").code)
		for _, arguments := range []string{"revoke boss ROLE_ADMIN", "disable boss", "disable boss --until 2099-01-01T00:00:00Z", "delete boss --yes"} {
			got := command(t, at, "", append([]string{"user"}, strings.Fields(arguments)...)...)
			require.Equal(t, outcome{code: 1, err: "latchkey: this is the last active ROLE_ADMIN; give the role to somebody else first\n"}, got, arguments)
		}
		require.Zero(t, command(t, at, "a long enough one\n", "user", "create", "next", "--email", "next@example.com").code)
		require.Equal(t, outcome{}, command(t, at, "", "user", "grant", "next", "ROLE_ADMIN"))
		require.Equal(t, outcome{}, command(t, at, "", "user", "disable", "boss"))
		require.Equal(t, 1, command(t, at, "", "user", "revoke", "next", "ROLE_ADMIN").code, "who is switched off does not count")
	})
}

// The list is a table for people and JSON for scripts, and filtered.
func TestUserListFilters(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		for name, role := range map[string]string{"alice": "ROLE_ADMIN", "alfred": "ROLE_USER", "bob": "ROLE_USER"} {
			require.Zero(t, command(t, at, "a long enough one\n", "user", "create", name, "--email", name+"@example.com", "--role", role, "--verified").code)
		}
		require.Equal(t, outcome{}, command(t, at, "", "user", "disable", "bob"))
		names := func(arguments ...string) []string {
			got := command(t, at, "", append([]string{"user", "list", "--json"}, arguments...)...)
			require.Zero(t, got.code, got.err)
			var all []string
			for _, line := range lines(got.out) {
				all = append(all, member(t, line, "username"))
			}
			return all
		}
		require.ElementsMatch(t, []string{"alice", "alfred", "bob"}, names())
		require.Equal(t, []string{"alfred", "alice"}, names("AL"), "by what matched")
		require.Equal(t, []string{"alice"}, names("--role", "ROLE_ADMIN"))
		require.Equal(t, []string{"bob"}, names("--disabled"))
		require.Empty(t, names("al", "--disabled"))
		table := lines(command(t, at, "", "user", "list").out)
		require.Len(t, table, 4)
		require.Regexp(t, `^USERNAME +EMAIL +VERIFIED +ROLES +ACTIVE +CREATED +ID$`, table[0])
		require.Contains(t, strings.Join(table, "\n"), "bob@example.com")
	})
}

// The audit log says what was done by command, newest first, as a table and as JSON.
func TestAuditCommand(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		require.Zero(t, command(t, at, "a long enough one\n", "user", "create", "alice", "--email", "alice@example.com").code)
		require.Zero(t, command(t, at, "a long enough one\n", "user", "create", "bob", "--email", "bob@example.com").code)
		require.Equal(t, outcome{}, command(t, at, "", "user", "grant", "alice", "ROLE_MODERATOR"))
		events := func(arguments ...string) []object {
			got := command(t, at, "", append([]string{"audit", "--json"}, arguments...)...)
			require.Zero(t, got.code, got.err)
			var all []object
			for _, line := range lines(got.out) {
				var e object
				require.NoError(t, json.Unmarshal([]byte(line), &e))
				all = append(all, e)
			}
			return all
		}
		alice := events("--user", "alice@example.com")
		require.Len(t, alice, 2)
		require.Equal(t, "user.role_granted", alice[0]["action"])
		require.Equal(t, "ROLE_MODERATOR", alice[0]["reason"])
		require.Equal(t, "operator", alice[0]["actor"])
		require.Equal(t, "alice", alice[0]["target"])
		require.Len(t, events("--action", "user.created"), 2)
		require.Len(t, events("--limit", "1"), 1)
		require.Len(t, events("--limit", "0"), 3)
		require.Empty(t, events("--failed"))
		table := lines(command(t, at, "", "audit").out)
		require.Len(t, table, 4)
		require.Regexp(t, `^AT +ACTION +OUTCOME +REASON +ACTOR +TARGET +ADDRESS +REQUEST$`, table[0])
		require.Regexp(t, `^\S+Z +user\.role_granted +success +ROLE_MODERATOR +operator +alice`, table[1])
		require.Equal(t, 1, command(t, at, "", "audit", "--user", "nobody").code)
	})
}

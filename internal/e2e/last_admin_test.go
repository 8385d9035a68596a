package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// No command removes the last active administrator.
func TestLastAdminByCommand(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.createUser(t, "boss", "--role", "ROLE_ADMIN")
		for _, arguments := range []string{"revoke boss ROLE_ADMIN", "disable boss", "disable boss --until 2099-01-01T00:00:00Z", "delete boss --yes"} {
			got := inst.run(t, append([]string{"user"}, strings.Fields(arguments)...)...)
			require.Equal(t, result{code: 1, stderr: "latchkey: this is the last active ROLE_ADMIN; grant the role to another user first\n"}, got, arguments)
		}
		inst.createUser(t, "next")
		inst.mustRunSilently(t, "user", "grant", "next", "ROLE_ADMIN")
		inst.mustRunSilently(t, "user", "disable", "boss")
		require.Equal(t, 1, inst.run(t, "user", "revoke", "next", "ROLE_ADMIN").code, "a disabled administrator does not count")
	})
}

// When the last two administrators are demoted, disabled or deleted at once, one of them stays.
func TestLastAdminRace(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		inst.createUser(t, "second", "--role", "ROLE_ADMIN")
		// keeper has the scopes of an administrator without the role, and is not affected by the race.
		scopes := object{"scopes": decode(t, s.call(t, s.devToken(t, "admin"), "GET /api/roles/ROLE_ADMIN").body)["scopes"]}
		require.Equal(t, http.StatusOK, s.call(t, s.devToken(t, "admin"), "PUT /api/roles/ROLE_KEEPER", scopes).status)
		inst.createUser(t, "keeper", "--role", "ROLE_KEEPER")
		keeper := s.token(t, "keeper", validPassword)
		ids := []string{userID(t, inst, "admin@"), userID(t, inst, "second@")}
		demote := func(id string) response { return s.call(t, keeper, "DELETE /api/users/"+id+"/roles/ROLE_ADMIN") }
		disable := func(id string) response { return s.call(t, keeper, "PATCH /api/users/"+id, object{"active": false}) }
		for round := range 10 {
			changes := []func(string) response{demote, disable}
			statuses := countStatuses(concurrently(2, func(i int) response { return changes[(i*round)%2](ids[i]) }))
			require.Equal(t, 1, statuses[http.StatusConflict], "round %d: %v", round, statuses)
			for _, id := range ids {
				require.Equal(t, http.StatusNoContent, s.call(t, keeper, "PUT /api/users/"+id+"/roles/ROLE_ADMIN").status)
				require.Equal(t, http.StatusOK, s.call(t, keeper, "PATCH /api/users/"+id, object{"active": true}).status)
			}
		}
		statuses := countStatuses(concurrently(2, func(i int) response { return s.call(t, keeper, "DELETE /api/users/"+ids[i]) }))
		require.Equal(t, map[int]int{http.StatusNoContent: 1, http.StatusConflict: 1}, statuses)
	})
}

// userID returns the id of the only user that a search finds.
func userID(t *testing.T, inst installation, search string) string {
	t.Helper()
	return field(t, inst.mustRun(t, "user", "list", search, "--json"), "id") // fails on a second line
}

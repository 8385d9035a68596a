package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Users list their sessions and end one of them, all others, or all.
func TestListAndEndOwnSessions(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, _ installation, replicas []*server) {
		const path = "/api/auth/users/me/sessions"
		s, last := replicas[0], replicas[len(replicas)-1]
		_, adminRefresh := s.devSignIn(t, "admin")
		var access, refresh, want [4]string
		for i := range access {
			access[i], refresh[i] = s.devSignIn(t, "user")
			want[i] = claim(t, access[i], "sid")
		}
		ids := items[string](t, last.get(t, path, access[3]), "id")
		require.ElementsMatch(t, want, ids)
		for i, current := range items[bool](t, last.get(t, path, access[3]), "current") {
			require.Equal(t, ids[i] == want[3], current)
		}

		require.Equal(t, http.StatusNoContent, last.call(t, access[3], "DELETE "+path+"/"+want[0]).status)
		requireSessionEnded(t, replicas, access[0], refresh[0])
		require.Len(t, items[string](t, s.get(t, path, access[3]), "id"), 3)

		require.Equal(t, http.StatusNoContent, last.call(t, access[3], "DELETE "+path).status)
		requireSessionEnded(t, replicas, access[1], refresh[1])
		requireSessionEnded(t, replicas, access[2], refresh[2])
		require.Equal(t, []bool{true}, items[bool](t, s.get(t, path, access[3]), "current"))

		require.Equal(t, http.StatusNoContent, last.call(t, access[3], "DELETE "+path+"?include_current=true").status)
		requireSessionEnded(t, replicas, access[3], refresh[3])
		require.Equal(t, http.StatusOK, s.refresh(t, adminRefresh).status, "sessions of other users go on")
	})
}

// An administrator lists and ends the sessions of any user.
func TestListAndEndSessionsOfUser(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, _ installation, replicas []*server) {
		admin := replicas[0].devToken(t, "admin")
		access, refresh := replicas[0].devSignIn(t, "user")
		path := "/api/users/" + claim(t, access, "sub") + "/sessions"
		require.Equal(t, []string{claim(t, access, "sid")}, items[string](t, replicas[0].get(t, path, admin), "id"))
		require.Equal(t, http.StatusNoContent, replicas[0].call(t, admin, "DELETE "+path).status)
		requireSessionEnded(t, replicas, access, refresh)
		require.Empty(t, items[string](t, replicas[0].get(t, path, admin), "id"))
		require.Equal(t, http.StatusOK, replicas[0].get(t, "/api/users/me", admin).status)
	})
}

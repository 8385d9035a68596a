package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Revocation ends a session on all replicas at once. A new password, disabling and deletion end all sessions
// of the user, and of no other user.
func TestSessionsEndOnAllReplicas(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, inst installation, replicas []*server) {
		s := replicas[0]
		otherAccess, otherRefresh := s.devSignIn(t, "admin")
		access, refresh := s.devSignIn(t, "user")
		require.Equal(t, http.StatusOK, s.post(t, "/revoke", "token", access).status)
		requireSessionEnded(t, replicas, access, refresh)

		access, refresh = s.devSignIn(t, "user")
		require.Equal(t, http.StatusOK, s.post(t, "/revoke", "token", refresh, "token_type_hint", "access_token").status)
		requireSessionEnded(t, replicas, access, refresh)

		access, refresh = s.devSignIn(t, "user")
		require.Equal(t, result{}, inst.runWithInput(t, "another good password\n", "user", "set-password", "user"))
		requireSessionEnded(t, replicas, access, refresh)

		access, refresh = s.devSignIn(t, "moderator")
		inst.mustRunSilently(t, "user", "disable", "moderator")
		requireSessionEnded(t, replicas, access, refresh)
		inst.mustRunSilently(t, "user", "enable", "moderator")
		requireSessionEnded(t, replicas, access, refresh)

		access, refresh = s.signIn(t, "user", "another good password")
		inst.mustRunSilently(t, "user", "delete", "user", "--yes")
		requireSessionEnded(t, replicas, access, refresh)

		require.Equal(t, http.StatusOK, s.get(t, "/api/users/me", otherAccess).status)
		require.Equal(t, http.StatusOK, s.refresh(t, otherRefresh).status)
	})
}

// Disabling or deleting a client ends its sessions.
func TestSessionsEndWithClient(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, _ installation, replicas []*server) {
		s := replicas[0]
		admin := s.devToken(t, "admin")
		access, refresh := s.devSignIn(t, "user", "client_id", "spa")
		got := s.call(t, admin, "PATCH /api/clients/spa", object{"active": false})
		require.Equal(t, http.StatusOK, got.status, got.body)
		requireSessionEnded(t, replicas, access, refresh)
		got = s.call(t, admin, "PATCH /api/clients/spa", object{"active": true})
		require.Equal(t, http.StatusOK, got.status, got.body)
		requireSessionEnded(t, replicas, access, refresh)
		access, refresh = s.devSignIn(t, "user", "client_id", "spa")
		require.Equal(t, http.StatusNoContent, s.call(t, admin, "DELETE /api/clients/spa").status)
		requireSessionEnded(t, replicas, access, refresh)

		own := s.clientToken(t, "worker", "worker-secret")
		require.True(t, s.introspect(t, own))
		require.Equal(t, http.StatusOK, s.post(t, "/revoke", "token", own, "client_id", "worker", "client_secret", "worker-secret").status)
		for _, s := range replicas {
			require.False(t, s.introspect(t, own))
		}
	})
}

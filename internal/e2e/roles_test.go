package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A role's scopes are in the next token of its users. Deleting the role removes it from existing tokens.
func TestRoleScopes(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		admin := s.devToken(t, "admin")
		got := s.call(t, admin, "PUT /api/roles/ROLE_AUDITOR", object{"scopes": []string{"audit:read", "profile", "audit:read"}})
		require.JSONEq(t, `{"name": "ROLE_AUDITOR", "scopes": ["audit:read", "profile"], "builtin": false}`, got.body)
		require.Contains(t, items[string](t, s.get(t, "/api/roles", admin), "name"), "ROLE_AUDITOR")
		inst.mustRunSilently(t, "user", "grant", "user", "ROLE_AUDITOR")
		granted := s.login(t, "user", devPassword("user"))
		require.Equal(t, "audit:read profile", field(t, granted.body, "scope"))
		token := field(t, granted.body, "access_token")

		s.call(t, admin, "PUT /api/roles/ROLE_AUDITOR", object{"scopes": []string{}})
		require.Equal(t, "profile", field(t, s.refresh(t, field(t, granted.body, "refresh_token")).body, "scope"))
		require.Equal(t, http.StatusNoContent, s.call(t, admin, "DELETE /api/roles/ROLE_AUDITOR").status)
		require.NotContains(t, s.get(t, "/api/users/me", token).body, "ROLE_AUDITOR")
		require.Equal(t, http.StatusNotFound, s.get(t, "/api/roles/ROLE_AUDITOR", admin).status)
	})
}

// Granting and revoking a role takes effect at once, on existing tokens too.
func TestGrantAndRevokeRole(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		admin, user := s.devToken(t, "admin"), s.devToken(t, "user")
		role := "/api/users/" + claim(t, user, "sub") + "/roles/ROLE_MODERATOR"
		require.Equal(t, http.StatusNoContent, s.call(t, admin, "PUT "+role).status)
		moderator := s.devToken(t, "user")
		require.Equal(t, http.StatusOK, s.get(t, "/api/users", moderator).status)
		require.Equal(t, http.StatusNoContent, s.call(t, admin, "DELETE "+role).status)
		require.Equal(t, http.StatusForbidden, s.get(t, "/api/users", moderator).status)
	})
}

// A role that is revoked by command no longer counts in existing tokens.
func TestRevokeRoleByCommand(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		token := s.devToken(t, "moderator")
		require.Equal(t, http.StatusOK, s.get(t, "/api/test/mod", token).status)
		inst.mustRunSilently(t, "user", "revoke", "moderator", "ROLE_MODERATOR")
		require.Equal(t, http.StatusForbidden, s.get(t, "/api/test/mod", token).status)
	})
}

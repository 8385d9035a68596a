package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func TestRequirement(t *testing.T) {
	t.Parallel()
	users := oauth.Requirement{Scopes: []string{"users:read"}, AnyToken: true}
	profile := oauth.Requirement{Scopes: []string{"profile"}, AnyToken: true}
	for name, want := range map[string]oauth.Requirement{
		"listUsers": users, "GET /api/users": users, "get /api/users?limit=1": users, "GET https://auth.example/api/users": users,
		"GET /api/users/42": users, "GET /api/users/me": profile, "GET /healthz": {},
		"getModeratorContent": {AnyRole: []string{"ROLE_MODERATOR"}, AnyToken: true},
	} {
		got, err := httpapi.Requirement(name)
		require.NoError(t, err, name)
		require.ElementsMatch(t, want.Scopes, got.Scopes, name)
		require.Equal(t, want.AnyRole, got.AnyRole, name)
		require.Equal(t, want.AnyToken, got.AnyToken, name)
	}
	for name, says := range map[string]string{
		"listUser": "did you mean listUsers (GET /api/users)?", "GET /nowhere": "operationId", "": "operationId",
	} {
		_, err := httpapi.Requirement(name)
		require.ErrorContains(t, err, says, name)
	}
}

package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A request that is refused for another reason does not use up its refresh token: clients find out by
// trial how to authenticate.
func TestRefusedRefreshKeepsToken(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addClients(t)
		s := start(t, inst)
		_, token := s.devSignIn(t, "moderator", asWeb...)
		for name, c := range map[string]struct {
			form   []string
			status int
			code   string
		}{
			"no client":           {nil, http.StatusUnauthorized, "invalid_client"},
			"no secret":           {[]string{"client_id", "web"}, http.StatusUnauthorized, "invalid_client"},
			"a wrong secret":      {[]string{"client_id", "web", "client_secret", "wrong"}, http.StatusUnauthorized, "invalid_client"},
			"another client":      {[]string{"client_id", "spa"}, http.StatusBadRequest, "invalid_grant"},
			"the built-in client": {[]string{"client_id", "latchkey-public"}, http.StatusBadRequest, "invalid_grant"},
			"a wider scope":       {append([]string{"scope", "users:write"}, asWeb...), http.StatusBadRequest, "invalid_scope"},
		} {
			got := s.refresh(t, token, c.form...)
			require.Equal(t, c.status, got.status, name)
			require.Equal(t, c.code, field(t, got.body, "error"), name)
			require.Equal(t, 0, inst.queryInt(t, `SELECT max(counter) FROM sessions`), name)
		}
		got := s.refresh(t, token, asWeb...)
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Equal(t, 1, inst.queryInt(t, `SELECT max(counter) FROM sessions`))
	})
}

// A narrower scope applies to one access token; the session keeps its own. Each refresh reads the
// user's roles again, so scopes come and go with them, but never beyond those the session was given.
func TestRefreshScopes(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		_, token := s.devSignIn(t, "moderator")
		_, narrow := s.devSignIn(t, "moderator", "scope", "profile")
		refresh := func(token *string, scope string) string {
			got := s.refresh(t, *token, "scope", scope)
			require.Equal(t, http.StatusOK, got.status, got.body)
			*token = field(t, got.body, "refresh_token")
			return field(t, got.body, "scope")
		}
		require.Equal(t, "profile", refresh(&token, "profile"))
		require.Equal(t, "profile users:read", refresh(&token, ""))
		require.Equal(t, "profile", refresh(&narrow, ""))
		inst.mustRunSilently(t, "user", "grant", "moderator", "ROLE_USER")
		inst.mustRunSilently(t, "user", "revoke", "moderator", "ROLE_MODERATOR")
		require.Equal(t, "profile", refresh(&token, ""))
		require.Equal(t, "invalid_scope", field(t, s.refresh(t, token, "scope", "users:read").body, "error"))
		inst.mustRunSilently(t, "user", "grant", "moderator", "ROLE_ADMIN")
		require.Equal(t, "profile users:read", refresh(&token, ""))
		require.Equal(t, "profile", refresh(&narrow, ""))
	})
}

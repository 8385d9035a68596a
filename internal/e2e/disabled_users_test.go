package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Disabling a user ends their sessions. After disabled_until they can sign in again.
func TestDisabledUntil(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		admin, user := s.devToken(t, "admin"), s.devToken(t, "user")
		path := "PATCH /api/users/" + claim(t, user, "sub")
		got := s.call(t, admin, path, object{"active": false, "disabled_until": "2099-01-01T00:00:00Z"})
		require.Equal(t, http.StatusOK, got.status, got.body)
		s.requireTokenRejected(t, user)
		s.requireLoginFails(t, "user", devPassword("user"))
		require.Equal(t, http.StatusBadRequest, s.call(t, admin, path, object{"active": false, "disabled_until": "2020-01-01T00:00:00Z"}).status)
		inst.exec(t, `UPDATE users SET disabled_until = created_at WHERE username_key = 'user'`)
		s.devToken(t, "user")
		s.requireTokenRejected(t, user, "an ended session does not come back")
	})
}

// The tokens of a disabled or deleted user are rejected at once, even if another program changed the row.
func TestTokenOfDisabledOrDeletedUser(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		for name, end := range map[string]func(){
			"user":      func() { inst.exec(t, `UPDATE users SET active = NOT active WHERE username_key = 'user'`) },
			"moderator": func() { inst.exec(t, `DELETE FROM users WHERE username_key = 'moderator'`) },
		} {
			token := s.devToken(t, name)
			require.Equal(t, http.StatusOK, s.get(t, "/api/test/user", token).status)
			end()
			got := s.get(t, "/api/test/user", token)
			require.Equal(t, http.StatusUnauthorized, got.status, name)
			require.Equal(t, `Bearer realm="`+s.issuer+`", error="invalid_token", error_description="the access token is invalid or has expired; get a new one with the refresh token, or sign in again"`,
				got.header.Get("WWW-Authenticate"))
		}
	})
}

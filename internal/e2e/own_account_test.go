package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A new password ends all sessions except the one that set it.
func TestChangeOwnPassword(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		this, other := s.devToken(t, "user"), s.devToken(t, "user")
		got := s.call(t, this, "PATCH /api/auth/users/me", object{"password": "quite another one", "current_password": devPassword("user")})
		require.Equal(t, http.StatusOK, got.status, got.body)
		s.requireTokenAccepted(t, this)
		s.requireTokenRejected(t, other)
		s.requireLoginFails(t, "user", devPassword("user"))
		s.token(t, "user", "quite another one")
		inst.waitForEmail(t, "user@example.com", passwordSubject)
	})
}

// A new address is in use once it is verified. The old address gets a notice.
func TestChangeOwnEmail(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		token := s.devToken(t, "user")
		s.requestNewEmail(t, token, "New@example.com")
		oneTime := inst.waitForToken(t, "New@example.com", verifySubject)
		require.NotRegexp(t, emailedToken, inst.waitForEmail(t, "user@example.com", "").Text, "the notice has no token")
		s.requireLoginFails(t, "new@example.com", devPassword("user"))

		require.Equal(t, http.StatusOK, s.verifyEmail(t, oneTime).status)
		me := decode(t, s.get(t, "/api/auth/users/me", token).body)
		require.Equal(t, "New@example.com", me["email"])
		require.Equal(t, true, me["email_verified"])
		s.token(t, "new@example.com", devPassword("user"))
		s.requireLoginFails(t, "user@example.com", devPassword("user"))
	})
}

// requestNewEmail requests a new address of the development user, whose old one stays in use for now.
func (c caller) requestNewEmail(t *testing.T, token, address string) {
	t.Helper()
	got := c.call(t, token, "PATCH /api/auth/users/me", object{"email": address, "current_password": devPassword("user")})
	require.Equal(t, http.StatusOK, got.status, got.body)
	require.Equal(t, "user@example.com", field(t, got.body, "email"))
}

// A new address that another user takes before it is verified stays with that user.
func TestNewEmailTakenBeforeVerification(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		token := s.devToken(t, "user")
		s.requestNewEmail(t, token, "late@example.com")
		oneTime := inst.waitForToken(t, "late@example.com", verifySubject)
		s.mustSignUp(t, "late", validPassword)
		require.Equal(t, "email_taken", s.verifyEmail(t, oneTime).code(t))
		require.Equal(t, "user@example.com", field(t, s.get(t, "/api/auth/users/me", token).body, "email"))
	})
}

// Deleting one's own account ends its tokens at once and frees its username.
func TestDeleteOwnAccount(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		access, refresh := s.devSignIn(t, "user")
		require.Equal(t, http.StatusNoContent, s.call(t, access, "DELETE /api/auth/users/me", object{"current_password": devPassword("user")}).status)
		s.requireTokenRejected(t, access)
		requireRefreshRejected(t, s.refresh(t, refresh))
		s.requireLoginFails(t, "user", devPassword("user"))
		s.mustSignUp(t, "user", validPassword)
	})
}

// The export has everything stored about a user, except the password hash.
func TestExportOwnData(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		s.requireLoginFails(t, "user", "wrong")
		s.devToken(t, "user")
		s.devToken(t, "admin")
		got := s.get(t, "/api/auth/users/me/export", s.devToken(t, "user"))
		require.Equal(t, http.StatusOK, got.status)
		data := decode(t, got.body)
		require.Equal(t, "user@example.com", data["user"].(object)["email"])
		require.Len(t, data["sessions"], 2)
		seen := map[string]int{}
		for _, e := range data["events"].([]any) {
			event := e.(object)
			require.Equal(t, "user", event["target"])
			seen[event["action"].(string)+" "+event["outcome"].(string)]++
		}
		require.Equal(t, map[string]int{"user.created success": 1, "user.signed_in success": 2, "user.signed_in failure": 1}, seen)
		require.NotContains(t, got.body, "argon2")
		require.NotContains(t, got.body, "hash")
	})
}

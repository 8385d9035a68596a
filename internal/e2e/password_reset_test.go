package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Neither a request to verify an email nor a weak password uses up a token. Of many simultaneous resets
// one succeeds, and sets the password.
func TestResetPassword(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		old := s.devToken(t, "user")
		s.forgotPassword(t, "USER@example.com")
		token := inst.waitForToken(t, "user@example.com", resetSubject)

		other := s.verifyEmail(t, token)
		require.Equal(t, "invalid_one_time_token", other.code(t))
		weak := s.resetPassword(t, token, "password1")
		require.Equal(t, "weak_password", weak.code(t))
		s.requireTokenAccepted(t, old, "the sessions go on until the reset")

		password := func(i int) string { return fmt.Sprint("the new password ", i) }
		winner := -1
		statuses := countStatuses(concurrently(20, func(i int) response {
			got := s.resetPassword(t, token, password(i))
			if got.status == http.StatusOK {
				winner = i
			}
			return got
		}))
		require.Equal(t, 1, statuses[http.StatusOK], statuses)
		busy := statuses[http.StatusServiceUnavailable] // when all hashing slots are taken
		require.Equal(t, 19, statuses[http.StatusUnprocessableEntity]+busy, "%v\n%s", statuses, s.log)
		s.requireTokenRejected(t, old, "the reset ends the sessions")
		s.requireLoginFails(t, "user", devPassword("user"))
		s.token(t, "user", password(winner))
		inst.waitForEmail(t, "user@example.com", passwordSubject)
	})
}

// A second email replaces the token of the first.
func TestNewEmailReplacesToken(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		forgot := func(emails int) {
			s.forgotPassword(t, "user@example.com")
			eventually(t, func() bool { return len(inst.emails(t, "user@example.com", resetSubject)) == emails })
		}
		forgot(1)
		first := inst.waitForToken(t, "user@example.com", resetSubject)
		forgot(2)
		require.Equal(t, "invalid_one_time_token", s.resetPassword(t, first, validPassword).code(t))
	})
}

// A forced reset ends the sessions and the password, and a new user may have no password. Both set one
// with the token of an email, which also verifies the address.
func TestForcedResetAndInvite(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		admin, user := s.devToken(t, "admin"), s.devToken(t, "user")
		require.Equal(t, http.StatusAccepted, s.call(t, admin, "POST /api/users/"+claim(t, user, "sub")+"/force-reset").status)
		s.requireTokenRejected(t, user)
		s.requireLoginFails(t, "user", devPassword("user"))
		require.Equal(t, http.StatusCreated, s.call(t, admin, "POST /api/users", object{"username": "guest", "email": "guest@example.com"}).status)
		for name, subject := range map[string]string{"user": resetSubject, "guest": inviteSubject} {
			token := inst.waitForToken(t, name+"@example.com", subject)
			got := s.resetPassword(t, token, validPassword)
			require.Equal(t, http.StatusOK, got.status, got.body)
			me := s.get(t, "/api/auth/users/me", s.token(t, name, validPassword))
			require.Equal(t, true, decode(t, me.body)["email_verified"])
		}
	})
}

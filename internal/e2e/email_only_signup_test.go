package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A user who signs up with an email address alone signs in with it, and can choose a username later.
func TestSignUpWithEmailOnly(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		created := s.call(t, "", "POST /api/auth/signup", object{"email": "carol@example.com", "password": validPassword})
		require.Equal(t, http.StatusCreated, created.status, created.body)
		generated := field(t, created.body, "username")
		require.Regexp(t, `^user-[a-z]{8}$`, generated)

		token := s.token(t, "Carol@example.com", validPassword)
		s.token(t, generated, validPassword)
		rename := func(username string) response {
			return s.call(t, token, "PATCH /api/auth/users/me", object{"username": username})
		}
		renamed := rename("Carol")
		require.Equal(t, http.StatusOK, renamed.status, renamed.body)
		require.Equal(t, "Carol", field(t, renamed.body, "username"))
		s.requireTokenAccepted(t, token)
		s.token(t, "carol", validPassword)
		s.requireLoginFails(t, generated, validPassword)

		require.Equal(t, http.StatusOK, rename("CAROL").status, "one's own username is not taken")
		require.Equal(t, "username_taken", rename("ADMIN").code(t))
		require.Equal(t, "CAROL", field(t, s.get(t, "/api/auth/users/me", token).body, "username"))

		invited := inst.mustRun(t, "user", "create", "--email", "dave@example.com", "--invite")
		require.Regexp(t, `^[0-9a-f-]{36}\n$`, invited)
		require.Regexp(t, `^user-[a-z]{8}$`, decode(t, inst.mustRun(t, "user", "list", "dave@", "--json"))["username"])
	})
}

// Changing the username cannot be used to find out which usernames are taken, and shares its limit with
// sign-up. Successful changes do not count.
func TestTakenUsernamesAreLimited(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		token := s.devToken(t, "user")
		rename := func(username string) response {
			return s.from("203.0.113.9").call(t, token, "PATCH /api/auth/users/me", object{"username": username})
		}
		for i := range 10 {
			require.Equal(t, http.StatusOK, rename(fmt.Sprint("user-", i)).status)
		}
		for range 4 {
			require.Equal(t, "username_taken", rename("admin").code(t))
		}
		require.Equal(t, http.StatusConflict, s.from("203.0.113.9").call(t, "", "POST /api/auth/signup",
			object{"username": "admin", "email": "x@example.com", "password": validPassword}).status)
		for _, username := range []string{"admin", "free"} {
			got := rename(username)
			require.Equal(t, http.StatusTooManyRequests, got.status)
			require.NotEmpty(t, got.header.Get("Retry-After"))
		}
	})
}

// Wrong passwords count for the user, whatever its username: a stolen token must not allow more
// attempts by changing the username in between.
func TestNewUsernameDoesNotResetAttempts(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		token := s.devToken(t, "user")
		attempt := func(i int) int {
			return s.from(fmt.Sprint("203.0.113.", i)).call(t, token, "PATCH /api/auth/users/me",
				object{"password": "quite another one", "current_password": fmt.Sprint("wrong-", i)}).status
		}
		i := 0
		for ; i < 100 && attempt(i) == http.StatusForbidden; i++ {
		}
		require.Less(t, i, 100)
		require.Equal(t, http.StatusOK, s.call(t, token, "PATCH /api/auth/users/me", object{"username": "renamed"}).status)
		require.Equal(t, http.StatusTooManyRequests, attempt(i+1))
	})
}

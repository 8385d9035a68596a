package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The token of the sign-up email verifies the address once, even if it is used many times at once.
func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		s.mustSignUp(t, "alice", validPassword)
		token := inst.waitForToken(t, "alice@example.com", verifySubject)
		verify := func(int) response { return s.verifyEmail(t, token) }
		require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusUnprocessableEntity: 49}, countStatuses(concurrently(50, verify)))
		got := s.get(t, "/api/auth/users/me", s.token(t, "alice", validPassword))
		require.Equal(t, true, decode(t, got.body)["email_verified"])
		again := verify(0)
		require.Equal(t, "invalid_one_time_token", again.code(t))
		require.Contains(t, again.body, `"pointer":"/token"`)
	})
}

// Where sign-in requires a verified address, only the right password reveals that it is not verified.
func TestVerifiedEmailRequired(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		s := start(t, inst, "LATCHKEY_REQUIRE_VERIFIED_EMAIL=true")
		s.mustSignUp(t, "alice", validPassword)
		signin := func(password string) response {
			return s.call(t, "", "POST /api/auth/signin", object{"username": "alice", "password": password})
		}
		require.Equal(t, "invalid_credentials", signin("wrong").code(t))
		right := signin(validPassword)
		require.Equal(t, http.StatusForbidden, right.status)
		require.Equal(t, "email_unverified", right.code(t))
		login := s.login(t, "alice", validPassword)
		require.Equal(t, http.StatusBadRequest, login.status)
		require.Equal(t, "invalid_grant", field(t, login.body, "error"))

		got := s.verifyEmail(t, inst.waitForToken(t, "alice@example.com", verifySubject))
		require.Equal(t, http.StatusOK, got.status)
		require.Equal(t, http.StatusOK, signin(validPassword).status)
	})
}

// Emails are limited per recipient, known or not, and per caller. The 429 response has Retry-After.
func TestEmailRateLimits(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		for _, operation := range []string{"POST /api/auth/forgot-password", "POST /api/auth/verify-email/request"} {
			for _, email := range []string{"moderator@example.com", "nobody@example.com"} {
				request := func(i int) response {
					return s.from(fmt.Sprintf("203.0.113.%d", i)).call(t, "", operation, object{"email": email})
				}
				last := request(0)
				for i := 1; last.status == http.StatusAccepted && i < 4; i++ {
					last = request(i)
				}
				requireRateLimited(t, last, 20*time.Minute)
			}
		}
		last := response{status: http.StatusAccepted}
		for i := 0; last.status == http.StatusAccepted && i < 12; i++ {
			last = s.from("203.0.113.200").call(t, "", "POST /api/auth/forgot-password", object{"email": fmt.Sprintf("nobody-%d@example.com", i)})
		}
		requireRateLimited(t, last, time.Minute)
	})
}

func requireRateLimited(t *testing.T, got response, atMost time.Duration) {
	t.Helper()
	require.Equal(t, http.StatusTooManyRequests, got.status)
	require.Equal(t, "too_many_requests", got.code(t))
	seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Positive(t, seconds)
	require.LessOrEqual(t, seconds, int(atMost.Seconds()))
}

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

// Of two hundred simultaneous attempts from as many addresses, at most ten are checked for a user, known or
// unknown. The others get 429, or 503 on a busy machine.
func TestParallelPasswordGuesses(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		for k, username := range []string{"user", "nobody"} {
			all := concurrently(200, func(i int) response {
				return s.from(fmt.Sprintf("198.18.%d.%d", k, i+1)).login(t, username, fmt.Sprintf("wrong-%d", i))
			})
			for _, got := range all {
				if got.status != http.StatusBadRequest {
					requireRetryAfter(t, got)
				}
			}
			count := countStatuses(all)
			require.LessOrEqual(t, count[http.StatusBadRequest], 10, username)
			require.Positive(t, count[http.StatusBadRequest], username)
			require.Equal(t, 200, count[http.StatusBadRequest]+count[http.StatusTooManyRequests]+count[http.StatusServiceUnavailable], "%v", count)
		}
		// Once the limit is reached, even the right password gets 429, by username and by email.
		for n := range 11 {
			s.from(fmt.Sprintf("198.18.8.%d", n+1)).login(t, "user", fmt.Sprintf("last-%d", n))
		}
		require.Equal(t, http.StatusTooManyRequests, s.from("198.18.9.9").login(t, "user", devPassword("user")).status)
		require.Equal(t, http.StatusTooManyRequests, s.from("198.18.9.9").login(t, "USER@example.com", "wrong").status)
		s.from("198.18.9.9").devToken(t, "admin")
	})
}

// requireRetryAfter requires a response that says when to retry, without a challenge for credentials.
func requireRetryAfter(t *testing.T, got response) {
	t.Helper()
	wait, err := strconv.Atoi(got.header.Get("Retry-After"))
	require.NoError(t, err, got.body)
	require.Positive(t, wait)
	require.Empty(t, got.header.Get("WWW-Authenticate"))
	require.Equal(t, "temporarily_unavailable", field(t, got.body, "error"))
}

// X-Forwarded-For counts only if a trusted proxy sent it.
func TestSpoofedAddress(t *testing.T) {
	t.Parallel()
	for proxies, limited := range map[string]bool{"10.0.0.0/8": true, "127.0.0.1/32": false} {
		t.Run("trusting "+proxies, func(t *testing.T) {
			t.Parallel()
			s := start(t, newSQLite(t), "LATCHKEY_TRUSTED_PROXIES="+proxies)
			all := concurrently(30, func(i int) (got response) {
				for range 50 { // a slow machine refuses some at first, because too many wait, and counts none of these
					got = s.from(fmt.Sprintf("198.18.0.%d", i+1)).login(t, fmt.Sprintf("nobody-%d", i), "wrong")
					if got.status != http.StatusServiceUnavailable {
						break
					}
				}
				return got
			})
			count := countStatuses(all)
			require.Equal(t, limited, count[http.StatusTooManyRequests] > 0)
			require.Zero(t, count[http.StatusServiceUnavailable], "never got a turn")
		})
	}
}

// Attempts with a wrong client secret are limited per address; those with the right secret are not.
func TestClientSecretGuesses(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addClients(t)
		s := start(t, inst)
		all := concurrently(20, func(i int) response {
			return s.from("203.0.113.1").login(t, "user", devPassword("user"), "client_id", "web", "client_secret", fmt.Sprintf("guess-%d", i))
		})
		require.Positive(t, countStatuses(all)[http.StatusTooManyRequests])
		s.from("203.0.113.2").devToken(t, "user", asWeb...)
	})
}

// golang.org/x/oauth2 sends a wrong password twice, to find out how clients authenticate. That counts as one
// attempt: ten wrong passwords are checked, and the eleventh gets 429.
func TestLibraryProbeCountsOnce(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		c := oauth2.Config{Endpoint: oauth2.Endpoint{TokenURL: s.url + "/token"}}
		for attempt := 1; attempt <= 11; attempt++ {
			ctx := context.WithValue(t.Context(), oauth2.HTTPClient, s.from(fmt.Sprintf("203.0.113.%d", attempt)).httpClient(t))
			_, err := c.PasswordCredentialsToken(ctx, "user", fmt.Sprintf("wrong-%d", attempt))
			var refused *oauth2.RetrieveError
			require.ErrorAs(t, err, &refused)
			if attempt <= 10 {
				require.Equal(t, "invalid_grant", refused.ErrorCode, "attempt %d", attempt)
			} else {
				require.Equal(t, http.StatusTooManyRequests, refused.Response.StatusCode)
				require.Equal(t, "temporarily_unavailable", refused.ErrorCode)
			}
		}
	})
}

// With a stolen session, guessing the current password is limited as at sign-in.
func TestCurrentPasswordGuesses(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		token := s.devToken(t, "user")
		statuses := map[int]int{}
		for i := range 12 {
			got := s.call(t, token, "PATCH /api/auth/users/me", object{"email": "new@example.com", "current_password": fmt.Sprint("wrong ", i)})
			statuses[got.status]++
		}
		require.Equal(t, map[int]int{http.StatusForbidden: 10, http.StatusTooManyRequests: 2}, statuses)
	})
}

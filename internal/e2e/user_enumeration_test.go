package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// A failed login gets the same response whether the user exists or not (RFC 6749 §5.2, OWASP ASVS 6.3.8).
func TestLoginResponseHidesUsers(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addUsers(t)
		s := start(t, inst)
		attempts := [][2]string{
			{"user", "wrong"}, {"nobody", "wrong"}, {"nobody@example.com", "wrong"}, {"passwordless", "wrong"},
			{"disabled", devPassword("disabled")}, {"disabled", "wrong"}, {"no such name", "wrong"},
		}
		first := map[string]response{}
		for _, attempt := range attempts {
			form := url.Values{"grant_type": {"password"}, "username": {attempt[0]}, "password": {attempt[1]}}
			for path, r := range map[string]*http.Request{
				"/token": s.newRequest(t, "POST /token", formType, form.Encode()),
				"/api/auth/signin": s.newRequest(t, "POST /api/auth/signin", jsonType,
					fmt.Sprintf(`{"username": %q, "password": %q}`, attempt[0], attempt[1])),
			} {
				r.Header.Set("X-Request-Id", "the-same-for-all") // which the response repeats
				got := send(t, s.from("203.0.113.7").httpClient(t), r)
				got.header.Del("Date")
				if first[path].status == 0 {
					first[path] = got
				}
				require.Equal(t, first[path], got, "%s for %s", path, attempt[0])
			}
		}
		require.Equal(t, http.StatusBadRequest, first["/token"].status)
		require.Equal(t, http.StatusUnauthorized, first["/api/auth/signin"].status)
	})
}

// A request for a password reset gets the same response in the same time, whether the address is known or not.
func TestForgotPasswordHidesUsers(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		const users = 40
		inst.withStore(t, func(ctx context.Context, s store) {
			for i := range users {
				require.NoError(t, s.CreateUser(ctx, newUser(fmt.Sprint("known", i), "", "ROLE_USER"), audit.Change{}))
			}
		})
		s := start(t, inst)
		var times [2][]time.Duration
		var responses [2]response
		for i := range users {
			for k, email := range []string{fmt.Sprintf("known%d@example.org", i), fmt.Sprintf("nobody%d@example.org", i)} {
				begin := time.Now()
				got := s.from(fmt.Sprintf("203.0.113.%d", 2*i+k)).call(t, "", "POST /api/auth/forgot-password", object{"email": email})
				times[k] = append(times[k], time.Since(begin))
				got.header.Del("Date")
				got.header.Del("X-Request-Id")
				require.Equal(t, http.StatusAccepted, got.status)
				responses[k] = got
			}
		}
		require.Equal(t, responses[0], responses[1])
		for _, all := range times {
			slices.Sort(all)
		}
		known, unknown := times[0][users/2], times[1][users/2]
		require.Less(t, max(known, unknown), 2*min(known, unknown)+time.Millisecond, "known %v, unknown %v", known, unknown)
	})
}

package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Nobody learns from an answer whether a user exists (RFC 6749 §5.2, OWASP ASVS 6.3.8).
func TestSameAnswer(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		world(t, at, func(ctx context.Context, db database) { stockUsers(ctx, t, db) })
		at.disable(t, "disabled")
		s := start(t, at)
		tries := [][2]string{
			{"user", "wrong"}, {"nobody", "wrong"}, {"nobody@example.com", "wrong"}, {"passwordless", "wrong"},
			{"disabled", devPassword("disabled")}, {"disabled", "wrong"}, {"no such name", "wrong"},
		}
		first := map[string]answer{}
		for _, try := range tries {
			form := url.Values{"grant_type": {"password"}, "username": {try[0]}, "password": {try[1]}}
			for path, r := range map[string]*http.Request{
				"/token": request(t, http.MethodPost, s.url+"/token", "application/x-www-form-urlencoded", form.Encode()),
				"/api/auth/signin": request(t, http.MethodPost, s.url+"/api/auth/signin", "application/json",
					fmt.Sprintf(`{"username": %q, "password": %q}`, try[0], try[1])),
			} {
				r.Header.Set("X-Request-Id", "the-same-for-all") // which the answer repeats
				got := send(t, client(t, "203.0.113.7"), r)
				got.header.Del("Date")
				if first[path].status == 0 {
					first[path] = got
				}
				require.Equal(t, first[path], got, "%s for %s", path, try[0])
			}
		}
		require.Equal(t, http.StatusBadRequest, first["/token"].status)
		require.Equal(t, http.StatusUnauthorized, first["/api/auth/signin"].status)
	})
}

// Nor from how long it takes. Samples are interleaved, so that what else the machine does meets both.
//
//nolint:paralleltest // it measures time
func TestSameTime(t *testing.T) {
	s := start(t, sqlitePlace(t))
	known := []string{"user", "moderator", "admin"} // four tries each
	var wrong, unknown []time.Duration
	for i := range 12 {
		address := fmt.Sprintf("203.0.113.%d", i+1)
		wrong = append(wrong, s.timed(t, address, known[i%len(known)], fmt.Sprintf("wrong-%d", i)))
		unknown = append(unknown, s.timed(t, address, fmt.Sprintf("nobody-%d", i), "wrong"))
	}
	slices.Sort(wrong)
	slices.Sort(unknown)
	ratio := float64(wrong[6]) / float64(unknown[6])
	require.InDelta(t, 1.0, ratio, 0.4, "medians: wrong password %v, unknown user %v", wrong[6], unknown[6])
	require.Greater(t, ratio, 0.7)
}

func (s *server) timed(t *testing.T, address, username, password string) time.Duration {
	t.Helper()
	begin := time.Now()
	require.Equal(t, http.StatusBadRequest, s.login(t, address, username, password).status)
	return time.Since(begin)
}

// Two hundred guesses at once, each from an address of its own, are no way around the ten that a
// user has; an unknown user has no more and no less. A busy machine may answer 503 to some.
func TestParallelGuesses(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		for i, username := range []string{"user", "nobody"} {
			all := atOnce(200, func(n int) answer {
				return s.login(t, fmt.Sprintf("198.18.%d.%d", i, n+1), username, fmt.Sprintf("wrong-%d", n))
			})
			count := map[int]int{}
			for _, got := range all {
				count[got.status]++
				if got.status != http.StatusBadRequest {
					requireWait(t, got)
				}
			}
			require.LessOrEqual(t, count[http.StatusBadRequest], 10, username)
			require.Positive(t, count[http.StatusBadRequest], username)
			require.Equal(t, 200, count[http.StatusBadRequest]+count[http.StatusTooManyRequests]+count[http.StatusServiceUnavailable], "%v", count)
		}
		// With no try left, the right password does not tell that it is right, by name or by address.
		for n := range 11 {
			s.login(t, fmt.Sprintf("198.18.8.%d", n+1), "user", fmt.Sprintf("last-%d", n))
		}
		require.Equal(t, http.StatusTooManyRequests, s.login(t, "198.18.9.9", "user", devPassword("user")).status)
		require.Equal(t, http.StatusTooManyRequests, s.login(t, "198.18.9.9", "USER@example.com", "wrong").status)
		require.Equal(t, http.StatusOK, s.login(t, "198.18.9.9", "admin", devPassword("admin")).status)
	})
}

// requireWait demands that an answer which puts off says until when, without a challenge.
func requireWait(t *testing.T, got answer) {
	t.Helper()
	wait, err := strconv.Atoi(got.header.Get("Retry-After"))
	require.NoError(t, err, got.body)
	require.Positive(t, wait)
	require.Empty(t, got.header.Get("WWW-Authenticate"))
	require.Equal(t, "temporarily_unavailable", member(t, got.body, "error"))
}

// atOnce calls try n times in parallel.
func atOnce(n int, try func(n int) answer) []answer {
	all := make([]answer, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { all[i] = try(i) })
	}
	wait.Wait()
	return all
}

// X-Forwarded-For of anybody but a trusted proxy changes nothing.
func TestSpoofedAddress(t *testing.T) {
	t.Parallel()
	for proxies, limited := range map[string]bool{"10.0.0.0/8": true, "127.0.0.1/32": false} {
		t.Run("trusting "+proxies, func(t *testing.T) {
			t.Parallel()
			s := start(t, sqlitePlace(t), "LATCHKEY_TRUSTED_PROXIES="+proxies)
			all := atOnce(30, func(n int) answer {
				return s.login(t, fmt.Sprintf("198.18.0.%d", n+1), fmt.Sprintf("nobody-%d", n), "wrong")
			})
			refused := slices.ContainsFunc(all, func(a answer) bool { return a.status == http.StatusTooManyRequests })
			require.Equal(t, limited, refused)
		})
	}
}

// Guesses at a client's secret are counted, and a right secret is not.
func TestClientGuesses(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		world(t, at, func(ctx context.Context, db database) { stockClients(ctx, t, db) })
		s := start(t, at)
		all := atOnce(20, func(n int) answer {
			return s.login(t, "203.0.113.1", "user", devPassword("user"), "client_id", "web", "client_secret", fmt.Sprintf("guess-%d", n))
		})
		refused := slices.ContainsFunc(all, func(a answer) bool { return a.status == http.StatusTooManyRequests })
		require.True(t, refused)
		require.Equal(t, http.StatusOK, s.login(t, "203.0.113.2", "user", devPassword("user"), "client_id", "web", "client_secret", "s%x+").status)
	})
}

// Nothing secret of a whole run stands in its log, at the level that says most.
func TestNothingSecretInTheLog(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		world(t, at, func(ctx context.Context, db database) { stockClients(ctx, t, db) })
		s := start(t, at)
		const password, wrong = "canary-of-the-user", "canary-that-is-wrong"
		require.Equal(t, http.StatusCreated, s.signUp(t, "canary", password).status)
		token := s.token(t, "canary", password, "client_id", "rotating", "client_secret", "new-secret")
		s.login(t, "", "canary", wrong)
		s.login(t, "", "canary\x00", wrong)
		s.login(t, "", "canary", password, "client_id", "web", "client_secret", "canary-client-secret")
		s.get(t, "/api/auth/users/me", token)
		s.get(t, "/api/auth/users/me?access_token="+token, token)
		s.get(t, "/token?password="+wrong, "")
		s.get(t, "/nothing?password="+wrong, "")
		s.signUp(t, "canary", password)
		send(t, client(t, ""), request(t, http.MethodPost, s.url+"/api/auth/signin", "application/json", `{"username": "canary", "password": ["`+wrong+`"]}`))
		send(t, client(t, ""), request(t, http.MethodPost, s.url+"/api/auth/signin", "application/json", `{"password": "`+wrong))
		s.stop()

		log := s.log.String()
		require.Greater(t, strings.Count(log, "msg=request"), 10)
		basic := base64.StdEncoding.EncodeToString([]byte("rotating:new-secret"))
		for _, secret := range []string{password, wrong, "new-secret", "canary-client-secret", basic, token, strings.Split(token, ".")[2], "$argon2id$"} {
			require.NotContains(t, log, secret)
		}
	})
}

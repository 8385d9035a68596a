package bearer_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api/bearer"
)

const jwksPath = "/.well-known/jwks.json"

// inBubble runs a test with a fake clock.
func inBubble(t *testing.T, test func(t *testing.T, s *service)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newService()) })
}

// A thousand requests with valid tokens cause no call; the keys are refreshed in the background.
func TestNoCallPerRequest(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *service) {
		v := s.verifier(t)
		require.NoError(t, v.Ready(t.Context()))
		token := validToken()
		for range 1000 {
			require.Equal(t, 200, status(v, token))
		}
		require.Equal(t, 1, s.count(jwksPath))
		time.Sleep(21 * time.Minute)
		require.Equal(t, 5, s.count(jwksPath))
	})
}

// The token of a key that was published after the last refresh is accepted at once. Many of them at the
// same time share one request.
func TestNewKey(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *service) {
		v := s.verifier(t)
		require.NoError(t, v.Ready(t.Context()))
		time.Sleep(time.Minute)
		s.do(func() { s.keys["new"] = &otherKey.PublicKey })
		token := signWith(jwt.SigningMethodES256, otherKey, tokenClaims(), "kid", "new")
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { require.Equal(t, 200, status(v, token)) })
		}
		all.Wait()
		require.Equal(t, 2, s.count(jwksPath))
	})
}

// Tokens with invented keys cause at most one request in ten seconds.
func TestInventedKeys(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *service) {
		v := s.verifier(t)
		require.NoError(t, v.Ready(t.Context()))
		time.Sleep(time.Minute)
		for range 600 { // in a minute
			require.Equal(t, 401, status(v, signWith(jwt.SigningMethodES256, otherKey, tokenClaims(), "kid", unique())))
			time.Sleep(100 * time.Millisecond)
		}
		require.InDelta(t, 6, s.count(jwksPath)-1, 1)
	})
}

// unique returns a text that no other call returns.
func unique() string { return uuid.NewString() }

// Keys are used while the service is away, for a day. Then they are not trusted any more, until it is back.
func TestOutage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *service) {
		v := s.verifier(t)
		require.NoError(t, v.Ready(t.Context()))
		s.do(func() { s.down = errDown })
		time.Sleep(23 * time.Hour)
		require.Equal(t, 200, status(v, validToken()))
		require.Equal(t, 503, status(v, signWith(jwt.SigningMethodES256, otherKey, tokenClaims(), "kid", "new")), "it may be valid")
		time.Sleep(2 * time.Hour)
		require.Equal(t, 503, status(v, validToken()))
		s.do(func() { s.down = nil })
		time.Sleep(time.Minute)
		require.Equal(t, 200, status(v, validToken()))
	})
}

// A revoked key is not trusted after the next refresh.
func TestKeyIsRevoked(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *service) {
		v := s.verifier(t)
		require.NoError(t, v.Ready(t.Context()))
		s.do(func() { delete(s.keys, "ec") })
		time.Sleep(5*time.Minute + time.Second)
		require.Equal(t, 401, status(v, validToken()))
	})
}

// An API may start before the service. A broken set of keys does not replace a good one.
func TestServiceIsAwayAtFirst(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *service) {
		s.down = errDown
		v := s.verifier(t)
		require.Equal(t, 503, status(v, validToken()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, v.Ready(ctx), errDown)
		s.do(func() { s.down = nil })
		require.NoError(t, v.Ready(t.Context()))
		require.Equal(t, 200, status(v, validToken()))
		s.do(func() { s.keys = nil })
		time.Sleep(time.Hour)
		require.Equal(t, 200, status(v, validToken()))
	})
}

// A request does not wait longer for keys than its context allows, and does not cancel the refresh.
func TestWaitForKeysIsBounded(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *service) {
		v := s.verifier(t, func(c *bearer.Config) { c.Client = &http.Client{Transport: slow{s, 3 * time.Second}} })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := v.Verify(ctx, validToken())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 200, status(v, validToken()))
		require.Equal(t, 1, s.count(jwksPath))
	})
}

// slow delays responses.
type slow struct {
	next  http.RoundTripper
	delay time.Duration
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(s.delay):
		return s.next.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// Requests, refreshes and changes of the keys at the same time; for the race detector.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *service) {
		v := s.verifier(t, func(c *bearer.Config) {
			c.Revocations = true
			c.Introspection = &bearer.Introspection{ClientID: "api", ClientSecret: "secret+", CacheFor: time.Second}
		})
		require.NoError(t, v.Ready(t.Context()))
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for range 20 {
					time.Sleep(time.Duration(i) * time.Minute)
					require.Equal(t, 200, status(v, validToken()))
					status(v, signWith(jwt.SigningMethodES256, otherKey, tokenClaims(), "kid", unique()))
				}
			})
		}
		all.Go(func() {
			for range 20 {
				s.end(unique())
				time.Sleep(time.Second)
			}
		})
		all.Wait()
	})
}

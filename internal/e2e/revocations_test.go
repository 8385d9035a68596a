package e2e

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api/bearer"
)

// refusedWithin is how soon an API must refuse the tokens of an ended session.
const refusedWithin = 10 * time.Second

// guardedAPI is an API that checks tokens with api/bearer. It uses the replicas in turn, as through a load
// balancer.
type guardedAPI struct {
	*bearer.Verifier
	replicas []*server
	requests atomic.Int64 // that it has sent
}

func newGuardedAPI(t *testing.T, replicas []*server) *guardedAPI {
	t.Helper()
	a := &guardedAPI{replicas: replicas}
	var err error
	a.Verifier, err = bearer.New(bearer.Config{
		Issuer: replicas[0].issuer, Audience: replicas[0].issuer, URL: replicas[0].url,
		Revocations: true, Client: &http.Client{Transport: a},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	require.NoError(t, a.Ready(t.Context()))
	return a
}

func (a *guardedAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	n := a.requests.Add(1)
	r = r.Clone(r.Context())
	r.URL.Host = strings.TrimPrefix(a.replicas[int(n)%len(a.replicas)].url, "http://")
	return noKeepAlive.RoundTrip(r)
}

// status returns the status of a request with an access token.
func (a *guardedAPI) status(t *testing.T, token string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	_, err := a.Authenticate(r)
	var refused *bearer.Error
	if errors.As(err, &refused) {
		return refused.Status
	}
	require.NoError(t, err)
	return http.StatusOK
}

// refusesAfter ends the session of a token, and requires that the API refuses the token soon.
func (a *guardedAPI) refusesAfter(t *testing.T, name, token string, end func()) {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status(t, token), name)
	end()
	begin := time.Now()
	require.Eventually(t, func() bool { return a.status(t, token) == http.StatusUnauthorized },
		refusedWithin, 20*time.Millisecond, name)
	t.Logf("%s: refused after %v", name, time.Since(begin).Round(time.Millisecond))
}

// An API that makes no call per request refuses the tokens of a session within 10 seconds after its end,
// however it ended and on whichever replica. Other tokens stay valid.
func TestEndedSessionsAreRefusedOffline(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, inst installation, replicas []*server) {
		s, last := replicas[0], replicas[len(replicas)-1]
		a := newGuardedAPI(t, replicas)
		admin := s.devToken(t, "admin")
		inst.createUser(t, "bob")
		inst.createUser(t, "carol")
		bystander := s.token(t, "carol", validPassword)
		refuse := func(name, token string, end func()) { t.Helper(); a.refusesAfter(t, name, token, end) }
		ok := func(want int, got response) {
			t.Helper()
			require.Equal(t, want, got.status, got.body)
		}
		token, refresh := s.devSignIn(t, "user")
		refuse("logout", token, func() { ok(200, last.post(t, "/revoke", "token", refresh)) })

		token, _ = s.devSignIn(t, "user")
		refuse("end by administrator", token, func() {
			ok(204, last.call(t, admin, "DELETE /api/users/"+claim(t, token, "sub")+"/sessions"))
		})

		token, refresh = s.devSignIn(t, "user")
		refuse("reuse", token, func() {
			next := field(t, s.refresh(t, refresh).body, "refresh_token")
			ok(200, s.refresh(t, next))
			ok(400, last.refresh(t, refresh))
		})

		token = s.token(t, "bob", validPassword)
		other := s.token(t, "bob", validPassword)
		refuse("password", other, func() {
			ok(200, last.call(t, token, "PATCH /api/auth/users/me", object{"current_password": validPassword, "password": "another good password"}))
		})
		require.Equal(t, http.StatusOK, a.status(t, token), "the session that has changed the password")

		refuse("disabled user", token, func() { inst.mustRunSilently(t, "user", "disable", "bob") })

		token, _ = s.devSignIn(t, "user", "client_id", "spa")
		refuse("disabled client", token, func() { ok(200, last.call(t, admin, "PATCH /api/clients/spa", object{"active": false})) })

		token, _ = s.devSignIn(t, "moderator")
		refuse("deleted user", token, func() {
			ok(204, last.call(t, admin, "DELETE /api/users/"+claim(t, token, "sub")))
		})

		before := a.requests.Load()
		for range 1000 {
			require.Equal(t, http.StatusOK, a.status(t, bystander))
		}
		require.LessOrEqual(t, a.requests.Load()-before, int64(3), "a request causes no call")
	}, "LATCHKEY_REFRESH_GRACE=0s")
}

// A restarted API knows the sessions that ended before. A replica that shuts down does not wait for those
// who wait for ended sessions.
func TestRevocationListSurvivesRestarts(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		s := start(t, inst)
		token := s.devToken(t, "user")
		require.Equal(t, http.StatusOK, s.post(t, "/revoke", "token", token).status)
		s.stop()
		s = start(t, inst)
		a := newGuardedAPI(t, []*server{s})
		require.Eventually(t, func() bool { return a.status(t, token) == http.StatusUnauthorized }, refusedWithin, 20*time.Millisecond)
		list := s.get(t, "/revocations", "")
		require.Equal(t, "application/jwt", list.header.Get("Content-Type"))
		require.Contains(t, list.header.Get("Cache-Control"), "no-store")
		require.Contains(t, payload(t, list.body), claim(t, token, "sid"))
		ended := waitForRevocations(t, s, field(t, payload(t, list.body), "cursor"))
		begin := time.Now()
		s.stop()
		require.Less(t, time.Since(begin), 5*time.Second)
		<-ended
	})
}

// waitForRevocations sends a request that the server holds. It returns a channel that is closed when the
// request has ended. A server that ends before it has read the request may reset the connection.
func waitForRevocations(t *testing.T, s *server, cursor string) <-chan struct{} {
	t.Helper()
	sent, ended := make(chan struct{}), make(chan struct{})
	r := s.newRequest(t, "GET /revocations?wait=10&after="+cursor, "", "")
	trace := httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) }}
	client := s.httpClient(t)
	go func() {
		defer close(ended)
		if got, err := client.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), &trace))); err == nil {
			_ = got.Body.Close()
		}
	}()
	<-sent
	return ended
}

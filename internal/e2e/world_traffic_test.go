package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// traffic is what users do while something breaks. It keeps what the service has acknowledged and what it
// left in doubt: a request without a response, or with a 503, may have been carried out or not. Every other
// response than the right one is a problem.
type traffic struct {
	name     string            // begins the names of the users
	targets  []string          // the URLs of the replicas
	unstable bool              // a replica may die: no response is no problem, and ends the traffic to it
	acked    atomic.Int64      // acknowledged writes
	answers  [600]atomic.Int64 // responses by status; 0: none

	mu       sync.Mutex
	lives    []*life
	problems []string
	lastAck  time.Time     // when a write was acknowledged
	gap      time.Duration // the longest time between two of them

	halt chan struct{}
	wait sync.WaitGroup
}

// life is one user, from sign-up on.
type life struct {
	name, address         string
	created               bool
	password, oldPassword string // oldPassword is empty until a change is acknowledged
	shown                 string // the name in the profile
	access                string
	chain                 []string // refresh tokens of the main session, oldest first
	revoked, other        string   // refresh tokens of a session that is revoked, and of one that a new password ends
	revokedSession        string
	revokedAcked          bool
	sessions              int
	doubt                 string // the step that is in doubt
	next                  string // the password or the name that it would set
}

// step is a request of a user. Its response has the status want, or the user's next request waits.
type step struct {
	name string
	want int
	send func(c caller, l *life) (response, error)
	done func(l *life, body string)
}

// steps are the requests of a life, in order.
func steps() []step {
	signIn := func(name string, done func(l *life, access, refresh string)) step {
		return step{name: name, want: http.StatusOK,
			send: func(c caller, l *life) (response, error) {
				return c.tryForm("/token", "grant_type", "password", "username", l.name, "password", l.password)
			},
			done: func(l *life, body string) {
				l.sessions++
				done(l, part(body, "access_token"), part(body, "refresh_token"))
			}}
	}
	refresh := step{name: "refresh", want: http.StatusOK,
		send: func(c caller, l *life) (response, error) {
			return c.tryForm("/token", "grant_type", "refresh_token", "refresh_token", l.chain[len(l.chain)-1])
		},
		done: func(l *life, body string) {
			l.access, l.chain = part(body, "access_token"), append(l.chain, part(body, "refresh_token"))
		}}
	rename := step{name: "rename", want: http.StatusOK,
		send: func(c caller, l *life) (response, error) {
			l.next = fmt.Sprintf("%s %d", l.name, len(l.chain))
			return c.tryJSON("PATCH /api/auth/users/me", l.access, object{"name": l.next})
		},
		done: func(l *life, _ string) { l.shown = l.next }}
	return []step{
		{name: "sign-up", want: http.StatusCreated,
			send: func(c caller, l *life) (response, error) {
				return c.tryJSON("POST /api/auth/signup", "", object{"username": l.name, "email": l.name + "@example.com", "password": l.password})
			},
			done: func(l *life, _ string) { l.created = true }},
		signIn("sign-in", func(l *life, access, refresh string) { l.access, l.chain = access, []string{refresh} }),
		refresh, rename, refresh, refresh,
		signIn("second sign-in", func(l *life, access, refresh string) { l.revokedSession, l.revoked = sessionOf(access), refresh }),
		{name: "revocation", want: http.StatusOK,
			send: func(c caller, l *life) (response, error) { return c.tryForm("/revoke", "token", l.revoked) },
			done: func(l *life, _ string) { l.revokedAcked = true }},
		signIn("third sign-in", func(l *life, _, refresh string) { l.other = refresh }),
		rename, refresh,
		{name: "new password", want: http.StatusOK,
			send: func(c caller, l *life) (response, error) {
				l.next = "the second of " + l.name
				return c.tryJSON("PATCH /api/auth/users/me", l.access, object{"password": l.next, "current_password": l.password})
			},
			done: func(l *life, _ string) { l.oldPassword, l.password = l.password, l.next }},
		refresh, rename, refresh,
	}
}

// part returns a string of a JSON object, or nothing.
func part(body, name string) string {
	var o object
	_ = json.Unmarshal([]byte(body), &o) // a missing string is found by whoever needs it
	text, _ := o[name].(string)
	return text
}

// startTraffic lets so many users at once begin, and ends them at the end of the test at the latest.
func startTraffic(t *testing.T, name string, users int, unstable bool, targets ...*server) *traffic {
	t.Helper()
	x := &traffic{name: name, unstable: unstable, halt: make(chan struct{})}
	for _, s := range targets {
		x.targets = append(x.targets, s.url)
	}
	for i := range users {
		x.wait.Go(func() {
			for n := 0; x.live(i, n); n++ {
			}
		})
	}
	t.Cleanup(x.stop)
	return x
}

// stop lets the requests end that are under way. Stopping a second time does nothing.
func (x *traffic) stop() {
	x.mu.Lock()
	select {
	case <-x.halt:
	default:
		close(x.halt)
	}
	x.mu.Unlock()
	x.wait.Wait()
}

// live is the n-th life of a user. It reports whether there is another one.
func (x *traffic) live(user, n int) bool {
	name := fmt.Sprintf("%s-%d-%d", x.name, user, n)
	l := &life{name: name, address: fmt.Sprintf("198.18.%d.%d", user, n%250), password: "the first of " + name}
	for i, s := range steps() {
		select {
		case <-x.halt:
			return false
		default:
		}
		if i == 0 {
			x.mu.Lock()
			x.lives = append(x.lives, l)
			x.mu.Unlock()
		}
		c := caller{url: x.targets[(user+n+i)%len(x.targets)], address: l.address}
		for again := true; again; {
			var ended bool
			if again, ended = x.do(c, l, s); ended {
				return !x.unstable
			}
		}
	}
	return true
}

// do sends one request. A refresh that is in doubt is sent again, as clients do; after any other request
// that is in doubt the life ends.
func (x *traffic) do(c caller, l *life, s step) (again, ended bool) {
	l.doubt = s.name // until it is acknowledged
	got, err := s.send(c, l)
	x.answers[got.status].Add(1)
	switch {
	case err != nil:
		if !x.unstable {
			x.problem("%s of %s: %v", s.name, l.name, err)
		}
		return false, true
	case got.status == s.want:
		s.done(l, got.body)
		l.doubt = ""
		x.acknowledged()
		return false, false
	case got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") != "":
		select {
		case <-x.halt:
			return false, true
		case <-time.After(100 * time.Millisecond): // sooner than told, so that the first moment is not missed
		}
		return s.name == "refresh", s.name != "refresh"
	}
	x.problem("%s of %s: %d %s", s.name, l.name, got.status, got.body)
	return false, true
}

// acknowledged counts a write.
func (x *traffic) acknowledged() {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	if !x.lastAck.IsZero() {
		x.gap = max(x.gap, now.Sub(x.lastAck))
	}
	x.lastAck = now
	x.acked.Add(1)
}

// longestGap returns the longest time in which no write was acknowledged, and begins anew.
func (x *traffic) longestGap() time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	gap := x.gap
	x.gap = 0
	return gap
}

func (x *traffic) problem(format string, arguments ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.problems = append(x.problems, fmt.Sprintf(format, arguments...))
}

// requireNoProblems requires that every response was right.
func (x *traffic) requireNoProblems(t *testing.T) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	require.Empty(t, x.problems)
}

// waitForAcks waits until so many more writes have been acknowledged.
func (x *traffic) waitForAcks(t *testing.T, n int64) {
	t.Helper()
	target := x.acked.Load() + n
	require.Eventually(t, func() bool { return x.acked.Load() >= target }, 3*waitTimeout, time.Millisecond, "no writes are acknowledged")
}

// plain is for requests that may have no response; it does not check the contract.
var plain = &http.Client{Timeout: 10 * time.Second, Transport: noKeepAlive}

// tryForm and tryJSON send a request that may have no response.
func (c caller) tryForm(path string, form ...string) (response, error) {
	values := url.Values{}
	for pair := range slices.Chunk(form, 2) {
		values.Set(pair[0], pair[1])
	}
	return c.try("POST "+path, "", formType, []byte(values.Encode()))
}

func (c caller) tryJSON(operation, token string, body object) (response, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return response{}, err
	}
	return c.try(operation, token, jsonType, text)
}

func (c caller) try(operation, token, contentType string, body []byte) (response, error) {
	return c.tryWith(plain, operation, token, contentType, body)
}

func (c caller) tryWith(client *http.Client, operation, token, contentType string, body []byte) (response, error) {
	method, path, _ := strings.Cut(operation, " ")
	r, err := http.NewRequestWithContext(context.Background(), method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return response{}, err
	}
	if len(body) > 0 {
		r.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if c.address != "" {
		r.Header.Set("X-Forwarded-For", c.address)
	}
	got, err := client.Do(r)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return response{}, err // what arrived is no response
	}
	return response{got.StatusCode, got.Header, string(text)}, nil
}

// sessionOf returns the session of an access token, without verifying the token.
func sessionOf(access string) string {
	_, rest, _ := strings.Cut(access, ".")
	claims, _, _ := strings.Cut(rest, ".")
	raw, _ := base64.RawURLEncoding.DecodeString(claims) // a session that is missing is found by whoever needs it
	return part(string(raw), "sid")
}

//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync/atomic"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// endpoints are the paths of a service. An empty path is not measured.
type endpoints struct {
	token, profile, introspect, jwks, signup string
	basic                                    string // the Authorization of introspection
}

// user is someone with a password and a session. A session belongs to one connection at a time.
type user struct {
	name, password  string
	access, refresh string
}

// get returns an operation that reads a path.
func get(path, authorization string) operation {
	return func(ctx context.Context, c *conn) (outcome, error) {
		got, err := c.do(ctx, request{method: http.MethodGet, path: path, authorization: authorization})
		return expect(got, err, http.StatusOK)
	}
}

// readProfiles reads the profiles of users in turn.
func (e endpoints) readProfiles(users []user, worker, workers int) operation {
	turn := inTurn(len(users), worker, workers)
	return func(ctx context.Context, c *conn) (outcome, error) {
		return get(e.profile, "Bearer "+users[turn()].access)(ctx, c)
	}
}

// introspection asks whether access tokens are active.
func (e endpoints) introspection(users []user, worker, workers int) operation {
	turn := inTurn(len(users), worker, workers)
	return func(ctx context.Context, c *conn) (outcome, error) {
		body := []byte("token=" + users[turn()].access)
		got, err := c.do(ctx, request{method: http.MethodPost, path: e.introspect, authorization: e.basic, contentType: formType, body: body})
		o, err := expect(got, err, http.StatusOK)
		if o == done && !bytes.Contains(got.body, []byte(`"active":true`)) {
			return failed, fmt.Errorf("an active token is described as %s", got.body)
		}
		return o, err
	}
}

// refreshes rotates the sessions of the connection's own users in turn, and keeps their new tokens.
func (e endpoints) refreshes(users []user, worker, workers int) operation {
	turn := inTurn(len(users), worker, workers)
	return func(ctx context.Context, c *conn) (outcome, error) {
		return e.refresh(ctx, c, &users[turn()])
	}
}

func (e endpoints) refresh(ctx context.Context, c *conn, u *user) (outcome, error) {
	body := []byte("grant_type=refresh_token&refresh_token=" + url.QueryEscape(u.refresh))
	got, err := c.do(ctx, request{method: http.MethodPost, path: e.token, contentType: formType, forwardedFor: anyAddress(), body: body})
	o, err := expect(got, err, http.StatusOK)
	if o == done {
		u.access, u.refresh = textField(got.body, "access_token"), textField(got.body, "refresh_token")
		if u.access == "" || u.refresh == "" {
			return failed, fmt.Errorf("a response without tokens: %s", got.body)
		}
	}
	return o, err
}

// logins signs users in, in turn.
func (e endpoints) logins(users []user, worker, workers int) operation {
	turn := inTurn(len(users), worker, workers)
	return func(ctx context.Context, c *conn) (outcome, error) {
		u := &users[turn()] // not a copy: another connection may be writing the tokens of the session
		got, err := e.login(ctx, c, u.name, u.password)
		return expect(got, err, http.StatusOK)
	}
}

// wrongLogins tries another wrong password each time, because a repeated one may be cheaper.
func (e endpoints) wrongLogins(users []user, worker, workers int) operation {
	turn := inTurn(len(users), worker, workers)
	return func(ctx context.Context, c *conn) (outcome, error) {
		got, err := e.login(ctx, c, users[turn()].name, "wrong "+strconv.FormatUint(rand.Uint64(), 36)) //nolint:gosec // a guess
		if err == nil && (got.status == http.StatusBadRequest || got.status == http.StatusUnauthorized) {
			return rejected, nil
		}
		return expect(got, err, 0)
	}
}

func (e endpoints) login(ctx context.Context, c *conn, name, password string) (response, error) {
	body := []byte("grant_type=password&username=" + url.QueryEscape(name) + "&password=" + url.QueryEscape(password))
	return c.do(ctx, request{method: http.MethodPost, path: e.token, contentType: formType, forwardedFor: anyAddress(), body: body})
}

// signups creates users with new names.
func (e endpoints) signups() operation {
	prefix := "new" + strconv.FormatUint(rand.Uint64(), 36) + "n" //nolint:gosec // a name
	var n atomic.Int64
	return func(ctx context.Context, c *conn) (outcome, error) {
		name := prefix + strconv.FormatInt(n.Add(1), 10)
		body := fmt.Appendf(nil, `{"username":%q,"email":"%s@example.org","password":%q}`, name, name, sharedPassword)
		got, err := c.do(ctx, request{method: http.MethodPost, path: e.signup, contentType: jsonType, forwardedFor: anyAddress(), body: body})
		return expect(got, err, http.StatusCreated)
	}
}

// expect sorts a response by its status.
func expect(got response, err error, status int) (outcome, error) {
	switch {
	case err != nil:
		return failed, err
	case got.status == status:
		return done, nil
	case got.status == http.StatusTooManyRequests || got.status == http.StatusServiceUnavailable:
		return refused, nil
	}
	return failed, fmt.Errorf("status %d: %.300s", got.status, got.body)
}

// inTurn returns a function that walks through those of n indexes that belong to a worker. With fewer
// indexes than workers, several workers share one.
func inTurn(n, worker, workers int) func() int {
	if n == 0 {
		panic("bench: no users to choose from")
	}
	next := worker % n
	return func() int {
		now := next
		if next += workers; next >= n {
			next = worker % n
		}
		return now
	}
}

// anyAddress returns a random address of a private network, so that limits per address do not apply.
func anyAddress() string {
	r := rand.Uint32() //nolint:gosec // no secret
	return netip.AddrFrom4([4]byte{10, byte(r >> 16), byte(r >> 8), byte(r)}).String()
}

// textField returns a text field of a JSON object that contains no escapes.
func textField(object []byte, name string) string {
	_, rest, _ := bytes.Cut(object, []byte(`"`+name+`"`))
	rest = bytes.TrimLeft(rest, ": ")
	if len(rest) == 0 || rest[0] != '"' {
		return ""
	}
	value, _, found := bytes.Cut(rest[1:], []byte(`"`))
	if !found {
		return ""
	}
	return string(value)
}

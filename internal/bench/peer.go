//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// measurePeer drives another service with the same client. Its users are given; it must run on plain
// HTTP, like the service itself in a measurement.
func measurePeer(ctx context.Context, o options, progress io.Writer) ([]row, error) {
	u, err := url.Parse(o.peer)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("the peer's URL is not http://HOST:PORT: %s", o.peer)
	}
	address, base := u.Host, strings.TrimSuffix(u.Path, "/")
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), "80")
	}
	b := &bench{options: o, progress: progress, subject: subject{engine: "peer", addresses: []string{address}, endpoints: o.paths.below(base)}}
	if b.users, err = readUsers(o.peerUsers); err != nil {
		return nil, err
	}
	if err := b.endpoints.signInAll(ctx, address, b.users); err != nil {
		return nil, err
	}
	if err := b.measureRates(ctx); err != nil {
		return nil, err
	}
	return b.rows, b.measureFlood(ctx)
}

// below returns the endpoints under the path of a service.
func (e endpoints) below(base string) endpoints {
	for _, path := range []*string{&e.token, &e.profile, &e.jwks} {
		if *path != "" {
			*path = base + *path
		}
	}
	return e
}

// readUsers reads a name and a password from each line, separated by a tab.
func readUsers(name string) ([]user, error) {
	f, err := os.Open(name) //nolint:gosec // the caller chooses the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var users []user
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, password, found := strings.Cut(lines.Text(), "\t")
		if !found {
			return nil, fmt.Errorf("line %d of the users has no tab", len(users)+1)
		}
		users = append(users, user{name: name, password: password})
	}
	if len(users) < 2 {
		return nil, fmt.Errorf("%s needs at least two users, better as many as connections", name)
	}
	return users, lines.Err()
}

// signInAll signs every user in, one after the other.
func (e endpoints) signInAll(ctx context.Context, address string, users []user) error {
	c := &conn{address: address}
	defer c.close()
	for i := range users {
		u := &users[i]
		got, err := e.login(ctx, c, u.name, u.password)
		if o, err := expect(got, err, http.StatusOK); o != done {
			return fmt.Errorf("cannot sign in as %s: %d: %w", u.name, got.status, err)
		}
		u.access, u.refresh = textField(got.body, "access_token"), textField(got.body, "refresh_token")
	}
	return nil
}

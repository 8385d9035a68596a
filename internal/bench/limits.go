//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// limits measures the limits of a world.
type limits struct {
	b        *bench
	w        *world
	echo     *process
	rotation *rotation
}

// startLimits starts the limit server.
func startLimits(ctx context.Context, b *bench) (*limits, error) {
	w := b.world
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	keys, err := fetch(ctx, b.addresses[0], b.endpoints.jwks)
	if err != nil {
		return nil, err
	}
	environment := append(goEnvironment(), limitKeys+"="+keys)
	if w.engine == postgres {
		environment = append(environment, limitDatabase+"="+w.database)
	}
	l := &limits{b: b, w: w}
	l.echo, err = startProcess(ctx, w.dir, "/profile", program, environment, func(address string) []string {
		return []string{limitCommand, address}
	})
	return l, err
}

// goEnvironment returns the settings of Go's runtime, which the service and its limits share.
func goEnvironment() []string {
	var all []string
	for _, name := range []string{"GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GODEBUG"} {
		if value, ok := os.LookupEnv(name); ok {
			all = append(all, name+"="+value)
		}
	}
	return all
}

func (l *limits) close() error {
	err := l.echo.stop()
	if l.rotation != nil {
		err = errors.Join(err, l.rotation.close())
	}
	return err
}

// keys is Echo that writes the same bytes.
func (l *limits) keys(ctx context.Context, length time.Duration) (limit, error) {
	return l.drive(ctx, "bare Echo", length, func(int) operation { return get("/keys", "") })
}

// reads is Echo that reads one row and writes JSON. On SQLite, whose rows are in the process, it reads
// none. It gets the requests that the service gets, with access tokens, which it does not look at.
func (l *limits) reads(ctx context.Context, length time.Duration) (limit, error) {
	name, path := "bare Echo, JSON", func(int) string { return "/profile" }
	if l.w.engine == postgres {
		name, path = "Echo, one row, JSON", func(n int) string { return "/row/" + userID(n) }
	}
	users := l.b.users
	return l.drive(ctx, name, length, func(worker int) operation {
		turn := inTurn(l.w.users, worker, l.b.options.conns)
		return func(ctx context.Context, c *conn) (outcome, error) {
			n := turn()
			return get(path(n), "Bearer "+users[n%len(users)].access)(ctx, c)
		}
	})
}

// hashes is a loop that only hashes.
func (l *limits) hashes(_ context.Context, length time.Duration) (limit, error) {
	return limit{Name: "bare argon2id", Rate: hashLoop(length)}, nil
}

// rotations is a loop of one durable statement.
func (l *limits) rotations(ctx context.Context, length time.Duration) (limit, error) {
	if l.rotation == nil {
		r, err := newRotation(ctx, l.w, l.b.options.conns)
		if err != nil {
			return limit{}, err
		}
		l.rotation = r
	}
	rate, err := l.rotation.rate(ctx, length)
	return limit{Name: l.rotation.name, Rate: rate}, err
}

// drive measures the limit server with the same client.
func (l *limits) drive(ctx context.Context, name string, length time.Duration, next func(worker int) operation) (limit, error) {
	samples, used := observe(ctx, []int{l.echo.cmd.Process.Pid}, newWindow(length), load{addresses: []string{l.echo.address}, conns: l.b.options.conns, next: next})
	s := samples[0]
	if s.failure != nil {
		return limit{}, fmt.Errorf("limit %s: %w", name, s.failure)
	}
	return limit{name, s.rate(done), perRequest(used, s)}, ctx.Err()
}

// fetch returns the body of a path.
func fetch(ctx context.Context, address, path string) (string, error) {
	c := &conn{address: address}
	defer c.close()
	got, err := c.do(ctx, request{method: http.MethodGet, path: path})
	if err == nil && got.status != http.StatusOK {
		err = fmt.Errorf("GET %s: status %d", path, got.status)
	}
	return strings.TrimSpace(string(got.body)), err
}

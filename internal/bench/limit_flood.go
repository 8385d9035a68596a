//go:build unix

package main

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/hashprocess"
	"github.com/latchkey-auth/latchkey/internal/password"
)

// The time after which the service refuses a sign-in that it cannot serve.
const (
	refusalPause = 35 * time.Millisecond
	refusalTick  = 3 * time.Millisecond
)

// refuse does only what a refusal cannot do without: it reads the form, waits and responds.
func refuse(c echo.Context) error {
	at := time.Now().Add(refusalPause)
	if c.FormValue("username") == "" || c.FormValue("password") == "" {
		return echo.ErrBadRequest
	}
	at = at.Truncate(refusalTick).Add(refusalTick * time.Duration(1+rand.IntN(2))) //nolint:gosec // jitter, not a secret
	time.Sleep(time.Until(at))
	c.Response().Header().Set("Retry-After", "1")
	return c.JSON(http.StatusServiceUnavailable, map[string]string{"error": "temporarily_unavailable", "error_description": "try again later"})
}

// flood measures how many hashes are computed while bare Echo refuses as many callers at once as the service has
// refused. The limit is the rate of the same hashes without these callers.
func (l *limits) flood(ctx context.Context, refusals row) (row, error) {
	hashes, err := startHashes(ctx)
	if err != nil {
		return row{}, err
	}
	defer hashes.stop()
	length := l.b.options.length()
	alone := hashes.rate(func() { sleep(ctx, length) })
	callers := max(1, int(math.Round(refusals.Rate*refusals.P50/1000))) // Little's law
	signIn := endpoints{token: "/refuse"}
	var seen sample
	beside := hashes.rate(func() {
		seen = measure(ctx, newWindow(length), load{addresses: []string{l.echo.address}, conns: callers,
			next: func(worker int) operation { return signIn.logins(l.b.users, worker, callers) }})[0]
	})
	r := sampleRow("flood-bare", "hashes while bare Echo refuses", seen)
	r.Rate, r.Requests, r.Limit = beside, r.Refused, &limit{Name: "these hashes alone", Rate: alone}
	return r, ctx.Err()
}

// hashes are computed one after the other in processes like those of the service.
type hashes struct {
	hasher *password.Hasher
	group  sync.WaitGroup
	cancel context.CancelFunc
	count  atomic.Int64
}

func startHashes(ctx context.Context) (*hashes, error) {
	hasher, err := password.New(password.Options{Process: hashprocess.Command})
	if err != nil {
		return nil, err
	}
	h := &hashes{hasher: hasher}
	ctx, h.cancel = context.WithCancel(ctx)
	for range 2 * runtime.GOMAXPROCS(0) { // so that one always waits for each process
		h.group.Go(func() {
			for ctx.Err() == nil {
				if _, err := hasher.Hash(ctx, sharedPassword); err == nil {
					h.count.Add(1)
				}
			}
		})
	}
	return h, nil
}

// rate returns how many hashes per second end while work runs.
func (h *hashes) rate(work func()) float64 {
	before, start := h.count.Load(), time.Now()
	work()
	return float64(h.count.Load()-before) / time.Since(start).Seconds()
}

func (h *hashes) stop() {
	h.cancel()
	h.group.Wait()
	h.hasher.Close()
}

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/hashprocess"
	"github.com/latchkey-auth/latchkey/internal/password"
)

// Refusals leave together at these intervals, as those of the service do, because that costs the least.
const refusalTick = 9 * time.Millisecond

// refuse does only what a refusal cannot do without: it reads the form, waits as long as the path says, and responds.
func refuse(c echo.Context) error {
	begun := time.Now()
	after, err := time.ParseDuration(c.Param("after"))
	if err != nil || c.FormValue("username") == "" || c.FormValue("password") == "" {
		return echo.ErrBadRequest
	}
	time.Sleep(time.Until(begun.Add(after).Round(refusalTick)))
	c.Response().Header().Set("Retry-After", "1")
	return c.JSON(http.StatusServiceUnavailable, map[string]string{"error": "temporarily_unavailable", "error_description": "try again later"})
}

// flood measures how many hashes are computed while bare Echo refuses as many callers at once as the service has
// refused, after the same time. The limit is the rate of the same hashes without these callers, in turns.
func (l *limits) flood(ctx context.Context, refusals row) (row, error) {
	hashes, err := startHashes(ctx)
	if err != nil {
		return row{}, err
	}
	callers := max(1, int(math.Round(refusals.Rate*refusals.P50/1000))) // Little's law
	signIn := endpoints{token: fmt.Sprintf("/refuse/%.1fms", refusals.P50)}
	refusing := load{addresses: []string{l.echo.address}, conns: callers,
		next: func(worker int) operation { return signIn.logins(l.b.users, worker, callers) }}
	var seen sample
	var alone, beside float64
	length, rounds := l.b.options.turn(), float64(l.b.options.rounds)
	for range l.b.options.rounds {
		alone += hashes.rate(func() { sleep(ctx, length) }) / rounds
		beside += hashes.rate(func() { seen.add(measure(ctx, newWindow(length), refusing)[0]) }) / rounds
	}
	r := sampleRow("flood-bare", "hashes while bare Echo refuses", seen)
	r.Rate, r.Requests, r.Limit = beside, r.Refused, &limit{Name: "these hashes alone", Rate: alone}
	return r, hashes.stop()
}

// hashes are computed one after the other in processes like those of the service.
type hashes struct {
	hasher *password.Hasher
	group  sync.WaitGroup
	cancel context.CancelFunc
	count  atomic.Int64
	errs   []error // of each that computes
}

func startHashes(ctx context.Context) (*hashes, error) {
	hasher, err := password.New(password.Options{Process: hashprocess.Command})
	if err != nil {
		return nil, err
	}
	workers := 2 * runtime.GOMAXPROCS(0) // so that one always waits for each process
	h := &hashes{hasher: hasher, errs: make([]error, workers)}
	ctx, h.cancel = context.WithCancel(ctx)
	for worker := range workers {
		h.group.Go(func() {
			for ctx.Err() == nil && h.errs[worker] == nil {
				if _, err := hasher.Hash(ctx, sharedPassword); ctx.Err() == nil {
					h.count.Add(1)
					h.errs[worker] = err
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

// stop returns why hashes could not be computed.
func (h *hashes) stop() error {
	h.cancel()
	h.group.Wait()
	h.hasher.Close()
	return errors.Join(h.errs...)
}

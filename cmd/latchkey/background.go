package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/internal/keyring"
)

// task is work that the service repeats in the background.
type task struct {
	name    string
	every   time.Duration
	timeout time.Duration
	work    func(ctx context.Context) error
}

// outboxWorkers is how many emails and webhook calls are sent at once, so that one slow receiver
// does not delay all others.
const outboxWorkers = 4

// tasks returns the background tasks of the service. Replicas may run them at the same time.
func (c *components) tasks() []task {
	purge := func(name string, work purgeFunc) task {
		return task{name: "purge " + name, every: time.Minute, timeout: 30 * time.Second, work: work.inBatches}
	}
	tasks := []task{
		{name: "program pages", every: 10 * time.Second, timeout: time.Second, work: returnProgramPages},
		{name: "signing keys", every: keyring.Poll, timeout: 8 * time.Second, work: c.keys.Maintain},
		{name: "sessions of disabled clients", every: time.Second, timeout: 30 * time.Second, work: purgeFunc(c.tokens.EndClientSessions).inBatches},
		{name: "ended sessions", every: time.Second, timeout: 8 * time.Second, work: c.tokens.RefreshRevocations},
		{name: "shared keys", every: 10 * time.Second, timeout: 8 * time.Second, work: c.tokens.ResealTokenKeys},
		{name: "statistics", every: 5 * time.Second, timeout: 30 * time.Second, work: c.counts.Work},
		purge("statistics", c.counts.Purge),
		purge("sessions", c.tokens.PurgeSessions),
		purge("ended sessions", c.tokens.PurgeRevocations),
		purge("rate limits", c.limits.Purge),
		purge("known networks", c.limits.PurgeNetworks),
		purge("one-time tokens", c.accounts.PurgeTokens),
		purge("webhook deliveries", c.hooks.PurgeDeliveries),
		purge("audit events", func(ctx context.Context, limit int) (int, error) {
			return c.audit.Purge(ctx, c.auditRetention, limit)
		}),
	}
	for range outboxWorkers {
		tasks = append(tasks, task{name: "outbox", every: time.Second, timeout: time.Hour, work: func(ctx context.Context) error {
			_, err := c.outbox.Work(ctx)
			return err
		}})
	}
	return tasks
}

// purgeFunc deletes or ends at most limit rows and returns their number.
type purgeFunc func(ctx context.Context, limit int) (int, error)

const purgeBatch = 500 // rows in one statement, so that each statement is short

// inBatches deletes all rows that are due.
func (purge purgeFunc) inBatches(ctx context.Context) error {
	for {
		n, err := purge(ctx, purgeBatch)
		if err != nil || n < purgeBatch {
			return err
		}
	}
}

// background starts the tasks, and reports each run to watch. The returned function stops them and waits until all
// have ended.
func background(ctx context.Context, log *slog.Logger, watch *observers, tasks ...task) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, t := range tasks {
		running.Go(func() { t.run(ctx, log, watch) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// run repeats the work until ctx ends. The intervals are random, so that replicas that start
// together do not work at the same moments.
func (t task) run(ctx context.Context, log *slog.Logger, watch *observers) {
	wait := rand.N(t.every / 2) //nolint:gosec // spreads the load; not a secret
	lastError := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		err := t.once(ctx)
		if ctx.Err() != nil {
			return // the work was interrupted, which is not a failure
		}
		watch.taskDone(t.name, err)
		lastError = t.report(ctx, log, err, lastError)
		wait = t.every*9/10 + rand.N(t.every/10) //nolint:gosec // as above
	}
}

// once runs the work within its timeout. It returns a panic as an error.
func (t task) once(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	return t.work(ctx)
}

// report logs an error that differs from the last one, and the recovery after it. It returns the
// text of the error for the next call.
func (t task) report(ctx context.Context, log *slog.Logger, err error, last string) (now string) {
	if err != nil {
		now = err.Error()
	}
	switch {
	case now == last:
	case err != nil:
		log.WarnContext(ctx, "background task failed, retrying", "task", t.name, "error", err)
	default:
		log.InfoContext(ctx, "background task recovered", "task", t.name)
	}
	return now
}

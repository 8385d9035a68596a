package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// task is work that is done again and again beside the requests.
type task struct {
	name    string
	every   time.Duration
	timeout time.Duration
	work    func(ctx context.Context) error
}

// tasks is the background work of the service. Replicas do it side by side and disturb nobody.
func (a *application) tasks() []task {
	purge := func(work func(context.Context) (int, error)) func(context.Context) error {
		return func(ctx context.Context) error { _, err := work(ctx); return err }
	}
	events := func(ctx context.Context) (int, error) { return a.accounts.PurgeEvents(ctx, a.retention) }
	tasks := []task{
		{name: "signing keys", every: 10 * time.Second, timeout: 8 * time.Second, work: a.keys.Maintain},
		{name: "purge of sessions", every: time.Minute, timeout: 30 * time.Second, work: purge(a.tokens.Purge)},
		{name: "purge of limits", every: time.Minute, timeout: 30 * time.Second, work: purge(a.limits.Purge)},
		{name: "purge of one-time tokens", every: time.Minute, timeout: 30 * time.Second, work: purge(a.accounts.Purge)},
		{name: "purge of hook deliveries", every: time.Minute, timeout: 30 * time.Second, work: purge(a.hooks.Purge)},
		{name: "purge of audit events", every: time.Minute, timeout: 30 * time.Second, work: purge(events)},
	}
	for range outboxWorkers {
		tasks = append(tasks, task{name: "outbox", every: time.Second, timeout: time.Hour, work: purge(a.outbox.Work)})
	}
	return tasks
}

// outboxWorkers is how many letters and calls are under way at once: one receiver that hangs shall
// not hold up all others.
const outboxWorkers = 4

// background starts the tasks. Stop ends them and returns when the last one has.
func background(ctx context.Context, log *slog.Logger, tasks ...task) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, t := range tasks {
		running.Go(func() { t.run(ctx, log) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// run does the work until ctx ends. Neither the first time nor the others are the same on replicas
// that started together.
func (t task) run(ctx context.Context, log *slog.Logger) {
	wait := rand.N(t.every / 2) //nolint:gosec // spreads load; there is nothing to guess
	fault := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		err := t.once(ctx)
		if ctx.Err() != nil {
			return // stopped, which is no fault of the work
		}
		fault = t.report(ctx, log, err, fault)
		wait = t.every*9/10 + rand.N(t.every/10) //nolint:gosec // as above
	}
}

// once does the work within its time. A panic ends the work and not the service.
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

// report logs an error that is not the one of the time before, and its end.
func (t task) report(ctx context.Context, log *slog.Logger, err error, before string) (now string) {
	if err != nil {
		now = err.Error()
	}
	switch {
	case now == before:
	case err != nil:
		log.WarnContext(ctx, "background work failed; it is tried again", "task", t.name, "error", err)
	default:
		log.InfoContext(ctx, "background work succeeds again", "task", t.name)
	}
	return now
}

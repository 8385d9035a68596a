package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Handler runs the jobs of one kind and returns the jobs that follow. If it returns an error, the
// job is retried.
type Handler func(ctx context.Context, j Job) (follow []Job, err error)

// Worker runs jobs. Any number of workers can use the same store.
type Worker struct {
	Store    Store
	Handlers map[Kind]Handler
	Now      func() time.Time
	Log      *slog.Logger
	Observe  func(kind Kind, err error) // called after each attempt; nil: nobody counts them
}

const (
	jobTimeout    = 30 * time.Second
	finishTimeout = 5 * time.Second
	// lease is longer than a job can take. If a worker crashes, the jobs that it has claimed wait until
	// their lease expires. A worker therefore claims one job at a time.
	lease = jobTimeout + finishTimeout + 10*time.Second
)

// Work runs all jobs that are due, and returns the number of attempts.
func (w *Worker) Work(ctx context.Context) (int, error) {
	for attempts := 0; ; attempts++ {
		jobs, err := w.Store.ClaimJobs(ctx, w.now(), lease, 1)
		if err != nil || len(jobs) == 0 {
			return attempts, err
		}
		if err := w.process(ctx, jobs[0]); err != nil {
			return attempts, err
		}
	}
}

// process runs a job and stores the result. It returns an error only if the store fails or ctx has
// ended.
func (w *Worker) process(ctx context.Context, job Job) error {
	follow, err := w.run(ctx, job)
	if w.Observe != nil {
		w.Observe(job.Kind, err)
	}
	if err == nil { // store the result even if ctx has ended, or the job would run twice
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
		defer cancel()
		return w.Store.FinishJob(ctx, job.ID, follow)
	}
	if ctx.Err() != nil { // the worker is stopping; the job is due again when its lease expires
		return ctx.Err()
	}
	retryAt := w.now().Add(Backoff(job.Attempts))
	w.Log.WarnContext(ctx, "job failed, retrying", "job_id", job.ID, "kind", job.Kind, "attempts", job.Attempts, "retry_at", retryAt, "error", err)
	return w.Store.RetryJob(ctx, job.ID, retryAt, err.Error())
}

func (w *Worker) run(ctx context.Context, job Job) ([]Job, error) {
	handler, ok := w.Handlers[job.Kind]
	if !ok {
		return nil, fmt.Errorf("no handler for jobs of kind %q", job.Kind)
	}
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	return handler(ctx, job)
}

// Backoff returns the time to wait after a number of failed attempts: 5 s, doubling up to 6 h.
// Retries never end. Jobs that have failed for days are visible in the log and in the outbox table.
func Backoff(attempts int) time.Duration {
	const first, longest = 5 * time.Second, 6 * time.Hour
	wait := first << min(max(attempts-1, 0), 16)
	return min(wait, longest)
}

func (w *Worker) now() time.Time { return w.Now().UTC().Truncate(time.Second) }

package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Handler carries out the jobs of one kind and gives those that follow. An error means: again later.
type Handler func(ctx context.Context, j Job) (follow []Job, err error)

// Worker carries out jobs. Any number may work on one store.
type Worker struct {
	Store    Store
	Handlers map[Kind]Handler
	Now      func() time.Time
	Log      *slog.Logger
}

const (
	jobTimeout    = 30 * time.Second
	finishTimeout = 5 * time.Second
	// lease is longer than a job may take. What a worker had in hand when it died waits so long: so
	// it takes one at a time, and several workers make up for that.
	lease = jobTimeout + finishTimeout + 10*time.Second
)

// Work carries out what is due, and gives the number of jobs that it tried.
func (w *Worker) Work(ctx context.Context) (int, error) {
	for tried := 0; ; tried++ {
		jobs, err := w.Store.ClaimJobs(ctx, w.now(), lease, 1)
		if err != nil || len(jobs) == 0 {
			return tried, err
		}
		if err := w.do(ctx, jobs[0]); err != nil {
			return tried, err
		}
	}
}

// do carries out one job. Its error is one of the store alone.
func (w *Worker) do(ctx context.Context, job Job) error {
	follow, err := w.try(ctx, job)
	if err == nil { // what is done is written down also while stopping, or it would be done twice
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
		defer cancel()
		return w.Store.FinishJob(ctx, job.ID, follow)
	}
	if ctx.Err() != nil { // stopping: the lease runs out by itself
		return ctx.Err()
	}
	again := w.now().Add(Backoff(job.Attempts))
	w.Log.WarnContext(ctx, "job failed", "job_id", job.ID, "kind", job.Kind, "attempts", job.Attempts, "again", again, "error", err)
	return w.Store.RetryJob(ctx, job.ID, again, err.Error())
}

func (w *Worker) try(ctx context.Context, job Job) ([]Job, error) {
	handler, ok := w.Handlers[job.Kind]
	if !ok {
		return nil, fmt.Errorf("nobody carries out jobs of kind %q", job.Kind)
	}
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	return handler(ctx, job)
}

// Backoff is how long to wait after a number of failed tries: 5 s, doubling to 6 h. Nothing is ever
// given up: what fails for days is in the log and in the table.
func Backoff(attempts int) time.Duration {
	const first, longest = 5 * time.Second, 6 * time.Hour
	wait := first << min(max(attempts-1, 0), 16)
	return min(wait, longest)
}

func (w *Worker) now() time.Time { return w.Now().UTC().Truncate(time.Second) }

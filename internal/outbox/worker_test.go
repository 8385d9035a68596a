package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/outbox/outboxtest"
)

// longLease is longer than the lease of a job.
const longLease = 10 * time.Minute

// fixture is a store with jobs, and records the order in which workers finish them.
type fixture struct {
	store    *outboxtest.Store
	clock    *outboxtest.Clock
	log      strings.Builder
	finished []string // job ids
}

func newFixture(jobs ...outbox.Job) *fixture {
	return &fixture{store: outboxtest.NewStore(jobs...), clock: &outboxtest.Clock{}}
}

// worker returns a worker that runs jobs of kind outbox.Email with a handler.
func (f *fixture) worker(handler outbox.Handler) *outbox.Worker {
	recorded := func(ctx context.Context, j outbox.Job) ([]outbox.Job, error) {
		follow, err := handler(ctx, j)
		if err == nil {
			f.finished = append(f.finished, j.ID)
		}
		return follow, err
	}
	return &outbox.Worker{
		Store: f.store, Handlers: map[outbox.Kind]outbox.Handler{outbox.Email: recorded},
		Now: f.clock.Now, Log: slog.New(slog.NewTextHandler(&f.log, nil)),
	}
}

// newJobs returns jobs created one second apart, the last one now.
func newJobs(n int) []outbox.Job {
	now := (&outboxtest.Clock{}).Now()
	jobs := make([]outbox.Job, n)
	for i := range n {
		jobs[i] = outbox.New(fmt.Sprintf("job-%02d", i), outbox.Email, i, now.Add(time.Duration(i-n+1)*time.Second))
	}
	return jobs
}

func succeed(context.Context, outbox.Job) ([]outbox.Job, error) { return nil, nil }

func TestOldestFirst(t *testing.T) {
	t.Parallel()
	jobs := newJobs(10)
	jobs[0], jobs[7], jobs[3] = jobs[7], jobs[3], jobs[0]
	f := newFixture(jobs...)
	attempts, err := f.worker(succeed).Work(t.Context())
	require.NoError(t, err)
	require.Equal(t, 10, attempts)
	require.Equal(t, []string{
		"job-00", "job-01", "job-02", "job-03", "job-04", "job-05", "job-06", "job-07", "job-08", "job-09",
	}, f.finished)
	require.Empty(t, f.store.Jobs())
}

func TestClaimedJobIsHiddenFromOtherWorkers(t *testing.T) {
	t.Parallel()
	f := newFixture(newJobs(1)...)
	var otherAttempts int
	handler := func(ctx context.Context, _ outbox.Job) ([]outbox.Job, error) {
		other := f.worker(succeed)
		var err error
		otherAttempts, err = other.Work(ctx)
		return nil, err
	}
	_, err := f.worker(handler).Work(t.Context())
	require.NoError(t, err)
	require.Zero(t, otherAttempts, "another worker took the same job")
}

// The lease of the last job has not expired, even if all jobs before it were slow.
func TestLeaseOutlastsSlowJobs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		jobs := newJobs(4)
		for i := range jobs {
			jobs[i].NotBefore = time.Time{}
		}
		f := newFixture(jobs...)
		slow := f.worker(func(ctx context.Context, j outbox.Job) ([]outbox.Job, error) {
			<-ctx.Done()
			if j.ID != "job-03" {
				return nil, nil
			}
			other := f.worker(succeed)
			other.Now = time.Now
			attempts, err := other.Work(context.WithoutCancel(ctx))
			require.NoError(t, err)
			require.Zero(t, attempts)
			return nil, nil
		})
		slow.Now = time.Now
		_, err := slow.Work(t.Context())
		require.NoError(t, err)
		require.Len(t, f.finished, 4)
	})
}

func TestFailedJobIsRetried(t *testing.T) {
	t.Parallel()
	f := newFixture(newJobs(3)...)
	failures := 2
	worker := f.worker(func(_ context.Context, j outbox.Job) ([]outbox.Job, error) {
		if j.ID == "job-01" && failures > 0 {
			failures--
			return nil, errors.New("connection refused")
		}
		return nil, nil
	})
	work := func(want int) {
		t.Helper()
		attempts, err := worker.Work(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, attempts)
	}

	work(3)
	require.Equal(t, []string{"job-00", "job-02"}, f.finished, "a failed job blocks the others")
	remaining := f.store.Jobs()
	require.Len(t, remaining, 1)
	require.Equal(t, "connection refused", remaining[0].LastError)
	require.Equal(t, 1, remaining[0].Attempts)
	require.Equal(t, f.clock.Now().Add(outbox.Backoff(1)), remaining[0].NotBefore)
	require.Contains(t, f.log.String(), "connection refused")

	f.clock.Advance(outbox.Backoff(1) - time.Second)
	work(0)
	f.clock.Advance(time.Second)
	work(1)
	f.clock.Advance(outbox.Backoff(2))
	work(1)
	require.Equal(t, []string{"job-00", "job-02", "job-01"}, f.finished)
	require.Empty(t, f.store.Jobs())
}

func TestFollowUpJobs(t *testing.T) {
	t.Parallel()
	f := newFixture(newJobs(1)...)
	_, err := f.worker(func(_ context.Context, j outbox.Job) ([]outbox.Job, error) {
		if j.ID != "job-00" {
			return nil, nil
		}
		now := f.clock.Now()
		return []outbox.Job{outbox.New("next-a", outbox.Email, nil, now), outbox.New("next-b", outbox.Email, nil, now)}, nil
	}).Work(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"job-00", "next-a", "next-b"}, f.finished)
}

func TestFailedJobEnqueuesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(newJobs(1)...)
	_, err := f.worker(func(context.Context, outbox.Job) ([]outbox.Job, error) {
		return newJobs(5), errors.New("failed")
	}).Work(t.Context())
	require.NoError(t, err)
	require.Len(t, f.store.Jobs(), 1)
}

func TestJobOfUnknownKindIsRetried(t *testing.T) {
	t.Parallel()
	f := newFixture(outbox.New("odd", "pigeon", nil, (&outboxtest.Clock{}).Now()))
	_, err := f.worker(succeed).Work(t.Context())
	require.NoError(t, err)
	remaining := f.store.Jobs()
	require.Len(t, remaining, 1)
	require.Contains(t, remaining[0].LastError, "pigeon")
}

func TestWorkerIsStopped(t *testing.T) {
	t.Parallel()
	f := newFixture(newJobs(3)...)
	ctx, stop := context.WithCancel(t.Context())
	attempts, err := f.worker(func(ctx context.Context, j outbox.Job) ([]outbox.Job, error) {
		if j.ID == "job-01" {
			stop()
			return nil, ctx.Err()
		}
		return nil, nil
	}).Work(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, attempts)
	remaining := f.store.Jobs()
	require.Len(t, remaining, 2)
	require.Empty(t, remaining[0].LastError, "stopping the worker is recorded as an error of the job")

	f.clock.Advance(longLease)
	_, err = f.worker(succeed).Work(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"job-00", "job-01", "job-02"}, f.finished)
}

func TestJobFinishedWhileStoppingIsDeleted(t *testing.T) {
	t.Parallel()
	f := newFixture(newJobs(1)...)
	ctx, stop := context.WithCancel(t.Context())
	_, err := f.worker(func(context.Context, outbox.Job) ([]outbox.Job, error) {
		stop()
		return nil, nil
	}).Work(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, f.store.Jobs())
}

func TestHangingJobTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(newJobs(2)...)
		start := time.Now()
		_, err := f.worker(func(ctx context.Context, j outbox.Job) ([]outbox.Job, error) {
			if j.ID == "job-00" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, nil
		}).Work(t.Context())
		require.NoError(t, err)
		require.Equal(t, 30*time.Second, time.Since(start))
		require.Equal(t, []string{"job-01"}, f.finished)
		require.Contains(t, f.store.Jobs()[0].LastError, "deadline")
	})
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		attempts int
		want     time.Duration
	}{
		{-1, 5 * time.Second},
		{0, 5 * time.Second},
		{1, 5 * time.Second},
		{2, 10 * time.Second},
		{3, 20 * time.Second},
		{7, 320 * time.Second},
		{13, 20480 * time.Second},
		{14, 6 * time.Hour},
		{17, 6 * time.Hour},
		{64, 6 * time.Hour},
		{1 << 40, 6 * time.Hour},
	} {
		t.Run(fmt.Sprint(test.attempts), func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, outbox.Backoff(test.attempts))
		})
	}
}

func TestNewPanicsOnInvalidPayload(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { outbox.New("id", outbox.Email, make(chan int), time.Time{}) })
}

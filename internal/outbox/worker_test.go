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

// longLease is longer than any lease may be.
const longLease = 10 * time.Minute

// office is a worker over a store in memory, whose jobs are one thing after another.
type office struct {
	store *outboxtest.Store
	clock *outboxtest.Clock
	log   strings.Builder
	done  []string // ids, in their order
}

func newOffice(jobs ...outbox.Job) *office {
	return &office{store: outboxtest.NewStore(jobs...), clock: &outboxtest.Clock{}}
}

// worker carries out letters by handler, and notes what is done.
func (o *office) worker(handler outbox.Handler) *outbox.Worker {
	noted := func(ctx context.Context, j outbox.Job) ([]outbox.Job, error) {
		follow, err := handler(ctx, j)
		if err == nil {
			o.done = append(o.done, j.ID)
		}
		return follow, err
	}
	return &outbox.Worker{
		Store: o.store, Handlers: map[outbox.Kind]outbox.Handler{outbox.Letter: noted},
		Now: o.clock.Now, Log: slog.New(slog.NewTextHandler(&o.log, nil)),
	}
}

// letters makes jobs a second apart, the last one just now.
func letters(n int) []outbox.Job {
	now := (&outboxtest.Clock{}).Now()
	jobs := make([]outbox.Job, n)
	for i := range n {
		jobs[i] = outbox.New(fmt.Sprintf("job-%02d", i), outbox.Letter, i, now.Add(time.Duration(i-n+1)*time.Second))
	}
	return jobs
}

func succeed(context.Context, outbox.Job) ([]outbox.Job, error) { return nil, nil }

func TestOldestFirst(t *testing.T) {
	t.Parallel()
	jobs := letters(10)
	jobs[0], jobs[7], jobs[3] = jobs[7], jobs[3], jobs[0]
	o := newOffice(jobs...)
	tried, err := o.worker(succeed).Work(t.Context())
	require.NoError(t, err)
	require.Equal(t, 10, tried)
	require.Equal(t, []string{
		"job-00", "job-01", "job-02", "job-03", "job-04", "job-05", "job-06", "job-07", "job-08", "job-09",
	}, o.done)
	require.Empty(t, o.store.Jobs())
}

func TestJobsBelongToOneWorkerUntilTheLeaseEnds(t *testing.T) {
	t.Parallel()
	o := newOffice(letters(1)...)
	var insideTried int
	handler := func(ctx context.Context, _ outbox.Job) ([]outbox.Job, error) {
		other := o.worker(succeed)
		var err error
		insideTried, err = other.Work(ctx)
		return nil, err
	}
	_, err := o.worker(handler).Work(t.Context())
	require.NoError(t, err)
	require.Zero(t, insideTried, "another worker took the same job")
}

// The last job of a batch of slow ones is still its worker's own.
func TestLeaseOutlastsTheSlowestBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		jobs := letters(4)
		for i := range jobs {
			jobs[i].NotBefore = time.Time{}
		}
		o := newOffice(jobs...)
		slow := o.worker(func(ctx context.Context, j outbox.Job) ([]outbox.Job, error) {
			<-ctx.Done()
			if j.ID != "job-03" {
				return nil, nil
			}
			other := o.worker(succeed)
			other.Now = time.Now
			tried, err := other.Work(context.WithoutCancel(ctx))
			require.NoError(t, err)
			require.Zero(t, tried)
			return nil, nil
		})
		slow.Now = time.Now
		_, err := slow.Work(t.Context())
		require.NoError(t, err)
		require.Len(t, o.done, 4)
	})
}

func TestFailedJobIsTriedAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(letters(3)...)
	failures := 2
	worker := o.worker(func(_ context.Context, j outbox.Job) ([]outbox.Job, error) {
		if j.ID == "job-01" && failures > 0 {
			failures--
			return nil, errors.New("nobody at home")
		}
		return nil, nil
	})
	work := func(want int) {
		t.Helper()
		tried, err := worker.Work(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, tried)
	}

	work(3)
	require.Equal(t, []string{"job-00", "job-02"}, o.done, "one that fails keeps no other waiting")
	left := o.store.Jobs()
	require.Len(t, left, 1)
	require.Equal(t, "nobody at home", left[0].LastError)
	require.Equal(t, 1, left[0].Attempts)
	require.Equal(t, o.clock.Now().Add(outbox.Backoff(1)), left[0].NotBefore)
	require.Contains(t, o.log.String(), "nobody at home")

	o.clock.Advance(outbox.Backoff(1) - time.Second)
	work(0)
	o.clock.Advance(time.Second)
	work(1)
	o.clock.Advance(outbox.Backoff(2))
	work(1)
	require.Equal(t, []string{"job-00", "job-02", "job-01"}, o.done)
	require.Empty(t, o.store.Jobs())
}

func TestFollowingJobs(t *testing.T) {
	t.Parallel()
	o := newOffice(letters(1)...)
	_, err := o.worker(func(_ context.Context, j outbox.Job) ([]outbox.Job, error) {
		if j.ID != "job-00" {
			return nil, nil
		}
		now := o.clock.Now()
		return []outbox.Job{outbox.New("next-a", outbox.Letter, nil, now), outbox.New("next-b", outbox.Letter, nil, now)}, nil
	}).Work(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"job-00", "next-a", "next-b"}, o.done)
}

func TestFailedJobHasNoFollowers(t *testing.T) {
	t.Parallel()
	o := newOffice(letters(1)...)
	_, err := o.worker(func(context.Context, outbox.Job) ([]outbox.Job, error) {
		return letters(5), errors.New("half-way")
	}).Work(t.Context())
	require.NoError(t, err)
	require.Len(t, o.store.Jobs(), 1)
}

func TestUnknownKindIsKept(t *testing.T) {
	t.Parallel()
	o := newOffice(outbox.New("odd", "pigeon", nil, (&outboxtest.Clock{}).Now()))
	_, err := o.worker(succeed).Work(t.Context())
	require.NoError(t, err)
	left := o.store.Jobs()
	require.Len(t, left, 1)
	require.Contains(t, left[0].LastError, "pigeon")
}

func TestStoppedMidWay(t *testing.T) {
	t.Parallel()
	o := newOffice(letters(3)...)
	ctx, stop := context.WithCancel(t.Context())
	tried, err := o.worker(func(ctx context.Context, j outbox.Job) ([]outbox.Job, error) {
		if j.ID == "job-01" {
			stop()
			return nil, ctx.Err()
		}
		return nil, nil
	}).Work(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, tried)
	left := o.store.Jobs()
	require.Len(t, left, 2)
	require.Empty(t, left[0].LastError, "being stopped is no fault of the job")

	o.clock.Advance(longLease)
	_, err = o.worker(succeed).Work(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"job-00", "job-01", "job-02"}, o.done)
}

func TestDoneWhileStoppingIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(letters(1)...)
	ctx, stop := context.WithCancel(t.Context())
	_, err := o.worker(func(context.Context, outbox.Job) ([]outbox.Job, error) {
		stop()
		return nil, nil
	}).Work(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, o.store.Jobs())
}

func TestHangingJobIsCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(letters(2)...)
		began := time.Now()
		_, err := o.worker(func(ctx context.Context, j outbox.Job) ([]outbox.Job, error) {
			if j.ID == "job-00" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, nil
		}).Work(t.Context())
		require.NoError(t, err)
		require.Equal(t, 30*time.Second, time.Since(began))
		require.Equal(t, []string{"job-01"}, o.done)
		require.Contains(t, o.store.Jobs()[0].LastError, "deadline")
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

func TestNewRefusesWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { outbox.New("id", outbox.Letter, make(chan int), time.Time{}) })
}

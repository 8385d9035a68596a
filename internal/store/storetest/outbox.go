package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/outbox"
)

var outboxTests = tests[Database]{
	"stored fields":    outboxStoredFields,
	"same job twice":   outboxSameJob,
	"due":              outboxDue,
	"order":            outboxOrder,
	"lease":            outboxLease,
	"retry":            outboxRetry,
	"retry, missing":   outboxRetryMissing,
	"finish":           outboxFinish,
	"finish, missing":  outboxFinishMissing,
	"finish at once":   outboxFinishAtOnce,
	"eight workers":    outboxWorkers,
	"notices are kept": outboxNotices,
	"statistics":       outboxStatistics,
}

type jobLister interface {
	Jobs(ctx context.Context) ([]outbox.Job, error)
}

// mustEnqueue stores a job that is due at noon, after edit, which may be nil.
func mustEnqueue(t *testing.T, db Database, edit func(*outbox.Job)) outbox.Job {
	t.Helper()
	j := newJob(outbox.Email)
	j.NotBefore = noon
	if edit != nil {
		edit(&j)
	}
	require.NoError(t, db.Enqueue(t.Context(), j))
	return j
}

// mustClaim claims jobs for a minute.
func mustClaim(t *testing.T, db Database, at time.Time, limit int) []outbox.Job {
	t.Helper()
	jobs, err := db.ClaimJobs(t.Context(), at, time.Minute, limit)
	require.NoError(t, err)
	return jobs
}

func allJobs(t *testing.T, db jobLister) []outbox.Job {
	t.Helper()
	jobs, err := db.Jobs(t.Context())
	require.NoError(t, err)
	return jobs
}

func outboxStoredFields(t *testing.T, db Database) {
	j := mustEnqueue(t, db, func(j *outbox.Job) { j.NotBefore = noon.Add(time.Second) })
	requireNoZeroFields(t, j)
	j.Attempts++
	require.Equal(t, []outbox.Job{j}, mustClaim(t, db, noon.Add(time.Minute), 9))
	east := mustEnqueue(t, db, func(j *outbox.Job) {
		j.CreatedAt = noon.Add(999 * time.Millisecond).In(time.FixedZone("east", 3600))
		j.NotBefore, j.LastError, j.Attempts = j.CreatedAt, "", 0
	})
	east.CreatedAt, east.NotBefore, east.Attempts = noon, noon, 1 // UTC in whole seconds
	require.Equal(t, []outbox.Job{east}, mustClaim(t, db, noon.Add(time.Minute), 9))
}

func outboxSameJob(t *testing.T, db Database) {
	j := mustEnqueue(t, db, nil)
	same := newJob(outbox.WebhookCall)
	same.ID = j.ID
	require.NoError(t, db.Enqueue(t.Context(), same))
	j.Attempts++
	require.Equal(t, []outbox.Job{j}, mustClaim(t, db, noon, 9))
}

func outboxDue(t *testing.T, db Database) {
	mustEnqueue(t, db, nil)
	require.Empty(t, mustClaim(t, db, noon.Add(-time.Second), 9))
	require.Empty(t, mustClaim(t, db, noon, 0))
	require.Empty(t, mustClaim(t, db, noon, -1))
	require.Len(t, mustClaim(t, db, noon, 9), 1)
}

func outboxOrder(t *testing.T, db Database) {
	var want []string
	for i := range 7 {
		j := mustEnqueue(t, db, func(j *outbox.Job) {
			j.CreatedAt = noon.Add(-time.Duration(i) * time.Second)
			j.NotBefore = j.CreatedAt
		})
		want = append([]string{j.ID}, want...)
	}
	// A job that waits for a retry comes last, however old it is.
	retry := mustEnqueue(t, db, func(j *outbox.Job) { j.CreatedAt, j.NotBefore = noon.AddDate(0, -1, 0), noon.Add(time.Second) })
	want = append(want, retry.ID)
	var got []string
	for range 3 {
		for _, j := range mustClaim(t, db, noon.Add(time.Second), 3) {
			got = append(got, j.ID)
		}
	}
	require.Equal(t, want, got)
}

// outboxLease checks that a job is hidden until its lease ends, also if the worker dies.
func outboxLease(t *testing.T, db Database) {
	j := mustEnqueue(t, db, nil)
	for i := range 3 {
		at := noon.Add(time.Duration(i) * time.Minute)
		j.Attempts++
		require.Equal(t, []outbox.Job{j}, mustClaim(t, db, at, 9))
		require.Empty(t, mustClaim(t, db, at, 9))
		require.Empty(t, mustClaim(t, db, at.Add(time.Minute-time.Second), 9))
	}
}

func outboxRetry(t *testing.T, db Database) {
	j := mustEnqueue(t, db, nil)
	mustEnqueue(t, db, func(j *outbox.Job) { j.NotBefore = noon.Add(time.Hour) })
	require.Len(t, mustClaim(t, db, noon, 9), 1)
	require.NoError(t, db.RetryJob(t.Context(), j.ID, noon.Add(10*time.Second), "421 \x00\xff busy"))
	require.Empty(t, mustClaim(t, db, noon.Add(9*time.Second), 9))
	j.Attempts, j.NotBefore, j.LastError = j.Attempts+2, noon.Add(10*time.Second), "421 \uFFFD\uFFFD busy"
	require.Equal(t, []outbox.Job{j}, mustClaim(t, db, noon.Add(10*time.Second), 9), "the retry must end the lease")
}

func outboxRetryMissing(t *testing.T, db Database) {
	j := mustEnqueue(t, db, func(j *outbox.Job) { j.NotBefore = noon.Add(time.Hour) })
	for _, id := range append(otherIDs(j.ID), uuid.NewString()) {
		require.NoError(t, db.RetryJob(t.Context(), id, noon, "missing"), id)
	}
	j.Attempts++
	require.Equal(t, []outbox.Job{j}, mustClaim(t, db, noon.Add(time.Hour), 9))
}

func outboxFinish(t *testing.T, db Database) {
	j, other := mustEnqueue(t, db, nil), mustEnqueue(t, db, nil)
	follow := []outbox.Job{newJob(outbox.WebhookCall), newJob(outbox.WebhookEvent), newJob(outbox.WebhookCall)}
	follow[2].ID = other.ID // exists already and must not change
	require.NoError(t, db.FinishJob(t.Context(), j.ID, follow))
	want := map[string]outbox.Kind{other.ID: other.Kind, follow[0].ID: outbox.WebhookCall, follow[1].ID: outbox.WebhookEvent}
	got := map[string]outbox.Kind{}
	for _, j := range allJobs(t, db) {
		got[j.ID] = j.Kind
	}
	require.Equal(t, want, got)
	require.NoError(t, db.FinishJob(t.Context(), other.ID, nil))
	require.Len(t, allJobs(t, db), 2)
}

// outboxFinishMissing checks that no jobs follow from a job that another worker has finished.
func outboxFinishMissing(t *testing.T, db Database) {
	j := mustEnqueue(t, db, nil)
	require.NoError(t, db.FinishJob(t.Context(), j.ID, nil))
	for _, id := range append(otherIDs(j.ID), j.ID) {
		require.NoError(t, db.FinishJob(t.Context(), id, []outbox.Job{newJob(outbox.WebhookCall)}), id)
	}
	require.Empty(t, allJobs(t, db))
}

func outboxFinishAtOnce(t *testing.T, db Database) {
	for range 20 {
		j := mustEnqueue(t, db, nil)
		errs := inParallel(8, func(int) error { return db.FinishJob(t.Context(), j.ID, []outbox.Job{newJob(outbox.WebhookCall)}) })
		require.NoError(t, errors.Join(errs...))
	}
	require.Len(t, allJobs(t, db), 20, "one job follows from each")
}

// outboxNotices checks that Enqueue stores a notice even if no webhook is active, unlike a change.
func outboxNotices(t *testing.T, db Database) {
	require.NoError(t, db.Enqueue(t.Context(), newJob(outbox.WebhookEvent)))
	require.Len(t, allJobs(t, db), 1)
}

// outboxWorkers lets eight workers claim all jobs. Each job is claimed once.
func outboxWorkers(t *testing.T, db Database) {
	const jobs = 200
	for range jobs {
		mustEnqueue(t, db, nil)
	}
	var mu sync.Mutex
	var claimed []string
	errs := inParallel(8, func(int) error {
		for {
			batch, err := db.ClaimJobs(t.Context(), noon, time.Minute, 7)
			if err != nil || len(batch) == 0 {
				return err
			}
			mu.Lock()
			for _, j := range batch {
				claimed = append(claimed, j.ID)
			}
			mu.Unlock()
		}
	})
	require.NoError(t, errors.Join(errs...))
	require.Len(t, claimed, jobs)
	slices.Sort(claimed)
	require.Len(t, slices.Compact(claimed), jobs, "a job was claimed twice")
}

func outboxStatistics(t *testing.T, db Database) {
	stats, err := db.OutboxStats(t.Context())
	require.NoError(t, err)
	require.Empty(t, stats)
	mustEnqueue(t, db, func(j *outbox.Job) { j.CreatedAt, j.LastError = noon.Add(-time.Hour), "" })
	failing := mustEnqueue(t, db, func(j *outbox.Job) { j.CreatedAt, j.LastError = noon.Add(-2*time.Hour), "" })
	mustEnqueue(t, db, func(j *outbox.Job) { j.Kind, j.CreatedAt, j.LastError = outbox.WebhookCall, noon, "" })
	require.NoError(t, db.RetryJob(t.Context(), failing.ID, noon.Add(time.Minute), "refused"))
	stats, err = db.OutboxStats(t.Context())
	require.NoError(t, err)
	require.Equal(t, []outbox.Stats{
		{Kind: outbox.WebhookCall, Jobs: 1, Oldest: noon},
		{Kind: outbox.Email, Jobs: 2, Failing: 1, Oldest: noon.Add(-2 * time.Hour)},
	}, stats)
}

package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/outbox"
)

func testOutbox(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"round trip":    outboxRoundTrip,
		"twice":         outboxTwice,
		"due":           outboxDue,
		"order":         outboxOrder,
		"lease":         outboxLease,
		"retry":         outboxRetry,
		"finish":        outboxFinish,
		"finish twice":  outboxFinishTwice,
		"eight workers": outboxWorkers,
	})
}

// mustEnqueue stores a job that is due at noon, after edit, if there is one.
func mustEnqueue(t *testing.T, w World, edit func(*outbox.Job)) outbox.Job {
	t.Helper()
	j := newJob(outbox.Letter)
	j.NotBefore = noon
	if edit != nil {
		edit(&j)
	}
	require.NoError(t, w.Enqueue(t.Context(), j))
	return j
}

// claim takes jobs for a minute.
func claim(t *testing.T, w World, at time.Time, limit int) []outbox.Job {
	t.Helper()
	jobs, err := w.ClaimJobs(t.Context(), at, time.Minute, limit)
	require.NoError(t, err)
	return jobs
}

func outboxRoundTrip(t *testing.T, w World) {
	j := mustEnqueue(t, w, func(j *outbox.Job) { j.NotBefore = noon.Add(time.Second) })
	requireFilled(t, j)
	j.Attempts++
	require.Equal(t, []outbox.Job{j}, claim(t, w, noon.Add(time.Minute), 9))
	east := mustEnqueue(t, w, func(j *outbox.Job) {
		j.CreatedAt = noon.Add(999 * time.Millisecond).In(time.FixedZone("east", 3600))
		j.NotBefore, j.LastError, j.Attempts = j.CreatedAt, "", 0
	})
	east.CreatedAt, east.NotBefore, east.Attempts = noon, noon, 1 // equal to the second, and in UTC
	require.Equal(t, []outbox.Job{east}, claim(t, w, noon.Add(time.Minute), 9))
}

func outboxTwice(t *testing.T, w World) {
	j := mustEnqueue(t, w, nil)
	again := newJob(outbox.Call)
	again.ID = j.ID
	require.NoError(t, w.Enqueue(t.Context(), again))
	j.Attempts++
	require.Equal(t, []outbox.Job{j}, claim(t, w, noon, 9))
}

func outboxDue(t *testing.T, w World) {
	mustEnqueue(t, w, nil)
	require.Empty(t, claim(t, w, noon.Add(-time.Second), 9))
	require.Empty(t, claim(t, w, noon, 0))
	require.Empty(t, claim(t, w, noon, -1))
	require.Len(t, claim(t, w, noon, 9), 1)
}

func outboxOrder(t *testing.T, w World) {
	var want []string
	for i := range 7 {
		j := mustEnqueue(t, w, func(j *outbox.Job) {
			j.CreatedAt = noon.Add(-time.Duration(i) * time.Second)
			j.NotBefore = j.CreatedAt
		})
		want = append([]string{j.ID}, want...)
	}
	// One that was to wait for another try has been due less long, however old it is.
	want = append(want, mustEnqueue(t, w, func(j *outbox.Job) { j.CreatedAt, j.NotBefore = noon.AddDate(0, -1, 0), noon.Add(time.Second) }).ID)
	var got []string
	for _, limit := range []int{3, 3, 3} {
		for _, j := range claim(t, w, noon.Add(time.Second), limit) {
			got = append(got, j.ID)
		}
	}
	require.Equal(t, want, got)
}

func outboxLease(t *testing.T, w World) {
	j := mustEnqueue(t, w, nil)
	for i := range 3 { // a worker that dies gives it back by doing nothing
		at := noon.Add(time.Duration(i) * time.Minute)
		j.Attempts++
		require.Equal(t, []outbox.Job{j}, claim(t, w, at, 9))
		require.Empty(t, claim(t, w, at, 9))
		require.Empty(t, claim(t, w, at.Add(time.Minute-time.Second), 9))
	}
}

func outboxRetry(t *testing.T, w World) {
	j, other := mustEnqueue(t, w, nil), mustEnqueue(t, w, func(j *outbox.Job) { j.NotBefore = noon.Add(time.Hour) })
	require.Len(t, claim(t, w, noon, 9), 1)
	require.NoError(t, w.RetryJob(t.Context(), j.ID, noon.Add(10*time.Second), "421 \x00\xff busy"))
	require.Empty(t, claim(t, w, noon.Add(9*time.Second), 9))
	j.Attempts, j.NotBefore, j.LastError = j.Attempts+2, noon.Add(10*time.Second), "421 \uFFFD\uFFFD busy"
	require.Equal(t, []outbox.Job{j}, claim(t, w, noon.Add(10*time.Second), 9), "the lease has ended with the retry")
	for _, id := range append(notIDs(j.ID), newUUID()) {
		require.NoError(t, w.RetryJob(t.Context(), id, noon, "gone"), id)
	}
	require.NoError(t, w.FinishJob(t.Context(), j.ID, nil))
	other.Attempts++
	require.Equal(t, []outbox.Job{other}, claim(t, w, noon.Add(time.Hour), 9))
}

func outboxFinish(t *testing.T, w World) {
	j, other := mustEnqueue(t, w, nil), mustEnqueue(t, w, nil)
	follow := []outbox.Job{newJob(outbox.Call), newJob(outbox.Notice), newJob(outbox.Call)}
	follow[2].ID = other.ID // which is there already, and left as it is
	require.NoError(t, w.FinishJob(t.Context(), j.ID, follow))
	want := map[string]outbox.Kind{other.ID: other.Kind, follow[0].ID: outbox.Call, follow[1].ID: outbox.Notice}
	got := map[string]outbox.Kind{}
	for _, j := range allJobs(t, w) {
		got[j.ID] = j.Kind
	}
	require.Equal(t, want, got)
	require.NoError(t, w.FinishJob(t.Context(), other.ID, nil))
	require.Len(t, allJobs(t, w), 2)

	// Of what another has finished nothing follows.
	for _, id := range append(notIDs(j.ID), j.ID) {
		require.NoError(t, w.FinishJob(t.Context(), id, []outbox.Job{newJob(outbox.Call)}), id)
	}
	require.Len(t, allJobs(t, w), 2)
}

func outboxFinishTwice(t *testing.T, w World) {
	for range 20 {
		j := mustEnqueue(t, w, nil)
		errs := inParallel(8, func(int) error { return w.FinishJob(t.Context(), j.ID, []outbox.Job{newJob(outbox.Call)}) })
		require.NoError(t, errors.Join(errs...))
	}
	require.Len(t, allJobs(t, w), 20, "one follows from each")
}

// outboxWorkers: eight workers take all jobs, and none twice.
func outboxWorkers(t *testing.T, w World) {
	const jobs = 200
	for range jobs {
		mustEnqueue(t, w, nil)
	}
	var mu sync.Mutex
	taken := map[string]int{}
	errs := inParallel(8, func(int) error {
		for {
			claimed, err := w.ClaimJobs(t.Context(), noon, time.Minute, 7)
			if err != nil || len(claimed) == 0 {
				return err
			}
			mu.Lock()
			for _, j := range claimed {
				taken[j.ID]++
			}
			mu.Unlock()
		}
	})
	require.NoError(t, errors.Join(errs...))
	for id, n := range taken {
		require.Equal(t, 1, n, id)
	}
	require.Len(t, taken, jobs)
}

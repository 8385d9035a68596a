package readiness

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func noReport(string, error) {}

func TestFailing(t *testing.T) {
	t.Parallel()
	var reported []string
	checks := New(time.Now, func(name string, err error) { reported = append(reported, name+": "+err.Error()) },
		Check{"works", func(context.Context) error { return nil }},
		Check{"fails", func(context.Context) error { return errors.New("broken") }},
		Check{"panics", func(context.Context) error { panic("oh") }},
	)
	require.Equal(t, []string{"fails", "panics"}, checks.Failing())
	require.Equal(t, []string{"fails: broken", "panics: panic: oh"}, reported)
}

// A result is used for a second, by any number of callers.
func TestFailingIsReused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		checks := New(time.Now, noReport, Check{"counts", func(context.Context) error {
			if runs.Add(1) == 1 {
				return errors.New("only once")
			}
			return nil
		}})
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() { _ = checks.Failing() })
		}
		callers.Wait()
		require.Equal(t, []string{"counts"}, checks.Failing())
		time.Sleep(time.Second - 1)
		require.Equal(t, []string{"counts"}, checks.Failing())
		require.EqualValues(t, 1, runs.Load())
		time.Sleep(time.Nanosecond)
		require.Empty(t, checks.Failing())
		require.EqualValues(t, 2, runs.Load())
	})
}

// A check that hangs fails in time and is not started again until it has ended.
func TestFailingIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		release := make(chan struct{})
		checks := New(time.Now, noReport,
			Check{"hangs", func(context.Context) error { runs.Add(1); <-release; return nil }},
			Check{"works", func(context.Context) error { return nil }},
		)
		for range 3 {
			begin := time.Now()
			require.Equal(t, []string{"hangs"}, checks.Failing())
			require.LessOrEqual(t, time.Since(begin), time.Second)
			time.Sleep(2 * time.Second)
		}
		require.EqualValues(t, 1, runs.Load())
		close(release)
		synctest.Wait()
		require.Empty(t, checks.Failing())
		require.EqualValues(t, 2, runs.Load())
	})
}

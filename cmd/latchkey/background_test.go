package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/metrics"
)

// textLog returns a logger and the buffer that it writes to, one line per record.
func textLog() (*slog.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	return slog.New(slog.NewTextHandler(&out, nil)), &out
}

// synctest fails if a goroutine is left when the test ends.
func TestBackgroundRunsAndStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := textLog()
		fast, slow := 0, 0
		started := time.Now()
		var first time.Duration
		stop := background(t.Context(), log, &observers{},
			task{name: "fast", every: 10 * time.Second, timeout: time.Second, work: func(context.Context) error {
				if fast == 0 {
					first = time.Since(started)
				}
				fast++
				return nil
			}},
			task{name: "slow", every: time.Minute, timeout: time.Second, work: func(context.Context) error { slow++; return nil }},
		)
		time.Sleep(time.Hour)
		stop()
		require.Less(t, first, 5*time.Second)
		require.InDelta(t, 380, fast, 25) // every 9 to 10 seconds
		require.InDelta(t, 63, slow, 5)
		require.Empty(t, out.String())
		ran := fast + slow
		time.Sleep(time.Hour)
		require.Equal(t, ran, fast+slow, "a stopped task runs no more")
	})
}

// Stop interrupts the work and waits for it, and the interruption is not logged as an error.
func TestBackgroundStopInterruptsWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := textLog()
		finished := false
		stop := background(t.Context(), log, &observers{}, task{name: "long", every: time.Second, timeout: time.Hour, work: func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second) // clean-up
			finished = true
			return ctx.Err()
		}})
		time.Sleep(time.Minute)
		require.False(t, finished)
		stop()
		require.True(t, finished)
		require.Empty(t, out.String())
	})
}

// A task that hangs is interrupted, one that panics is recovered, both run again, and metrics count both as failures.
func TestBackgroundSurvivesHangsAndPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := textLog()
		hung, panicked := 0, 0
		watch := &observers{metrics: metrics.New(metrics.Build{})}
		stop := background(t.Context(), log, watch,
			task{name: "hangs", every: 10 * time.Second, timeout: time.Second, work: func(ctx context.Context) error {
				hung++
				<-ctx.Done()
				return ctx.Err()
			}},
			task{name: "panics", every: 10 * time.Second, timeout: time.Second, work: func(context.Context) error {
				panicked++
				panic("broken")
			}},
		)
		time.Sleep(time.Minute)
		stop()
		require.Greater(t, hung, 3)
		require.Greater(t, panicked, 3)
		require.Equal(t, 1, strings.Count(out.String(), "deadline exceeded"))
		require.Equal(t, 1, strings.Count(out.String(), "panic: broken"))
		page := httptest.NewRecorder()
		watch.metrics.Handler().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
		for name, runs := range map[string]int{"hangs": hung, "panics": panicked} {
			require.Contains(t, page.Body.String(), fmt.Sprintf(`latchkey_background_runs_total{outcome="failed",task=%q} %d`, name, runs))
		}
	})
}

// An error is logged when it begins, changes and ends, and not at every run.
func TestBackgroundLogsChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := textLog()
		started := time.Now()
		stop := background(t.Context(), log, &observers{}, task{name: "keys", every: 10 * time.Second, timeout: time.Second, work: func(context.Context) error {
			switch minutes := time.Since(started).Minutes(); {
			case minutes < 10:
				return errors.New("the database is down")
			case minutes < 20:
				return errors.New("the database is full")
			}
			return nil
		}})
		time.Sleep(time.Hour)
		stop()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		require.Len(t, lines, 3)
		require.Contains(t, lines[0], `level=WARN msg="background task failed, retrying" task=keys error="the database is down"`)
		require.Contains(t, lines[1], "is full")
		require.Contains(t, lines[2], `level=INFO msg="background task recovered" task=keys`)
	})
}

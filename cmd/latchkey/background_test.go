package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// textLog is a log that can be read, with one line a record.
func textLog() (*slog.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	return slog.New(slog.NewTextHandler(&out, nil)), &out
}

// The bubble of a synctest has its own time, and fails when a goroutine is left in it.
func TestBackgroundRunsAndStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := textLog()
		fast, slow := 0, 0
		begun := time.Now()
		var first time.Duration
		stop := background(t.Context(), log,
			task{name: "fast", every: 10 * time.Second, timeout: time.Second, work: func(context.Context) error {
				if fast == 0 {
					first = time.Since(begun)
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
		require.Equal(t, ran, fast+slow, "stopped is stopped")
	})
}

// Stop interrupts the work, waits for it, and does not call that a fault.
func TestBackgroundStopsWithinWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := textLog()
		finished := false
		stop := background(t.Context(), log, task{name: "long", every: time.Second, timeout: time.Hour, work: func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second) // what it does last
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

// Work that hangs is cut, work that panics is caught, and both are done again.
func TestBackgroundOutlivesItsWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := textLog()
		hung, panicked := 0, 0
		stop := background(t.Context(), log,
			task{name: "hangs", every: 10 * time.Second, timeout: time.Second, work: func(ctx context.Context) error {
				hung++
				<-ctx.Done()
				return ctx.Err()
			}},
			task{name: "panics", every: 10 * time.Second, timeout: time.Second, work: func(context.Context) error {
				panicked++
				panic("out of order")
			}},
		)
		time.Sleep(time.Minute)
		stop()
		require.Greater(t, hung, 3)
		require.Greater(t, panicked, 3)
		require.Equal(t, 1, strings.Count(out.String(), "deadline exceeded"))
		require.Equal(t, 1, strings.Count(out.String(), "panic: out of order"))
	})
}

// A fault is logged when it begins, when it becomes another, and when it ends: not at each try.
func TestBackgroundLogsChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, out := textLog()
		begun := time.Now()
		stop := background(t.Context(), log, task{name: "keys", every: 10 * time.Second, timeout: time.Second, work: func(context.Context) error {
			switch minutes := time.Since(begun).Minutes(); {
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
		require.Contains(t, lines[0], `level=WARN msg="background work failed; it is tried again" task=keys error="the database is down"`)
		require.Contains(t, lines[1], "is full")
		require.Contains(t, lines[2], `level=INFO msg="background work succeeds again" task=keys`)
	})
}

package password

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// While others wait, results leave together; the last ones, after which the slots would be idle, leave at once.
func TestResultsLeaveTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const each = 25 * time.Millisecond
		h := newHasher(t, Options{Slots: 2})
		h.slots.each.Store(int64(each))
		h.compute = func(job) (result, error) { time.Sleep(each); return result{}, nil }
		start := time.Now() // synctest begins at midnight, at a departure
		var mu sync.Mutex
		left := map[time.Duration]int{}
		for range 20 {
			go func() {
				_, err := h.Hash(t.Context(), "password")
				mu.Lock()
				defer mu.Unlock()
				if assert.NoError(t, err) {
					left[time.Since(start)/time.Millisecond]++
				}
			}()
		}
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		left[180] += left[175] // at that time the length of the queue is at the limit
		delete(left, 175)
		require.Equal(t, map[time.Duration]int{60: 4, 120: 4, 180: 6, 200: 2, 225: 2, 250: 2}, left)
	})
}

// A verification leaves as a new hash does, whatever its result.
func TestVerificationsLeaveTogether(t *testing.T) {
	t.Parallel()
	for name, matches := range map[string]bool{"right password": true, "wrong password": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHasher(t, Options{Slots: 1})
				h.compute = func(job) (result, error) { return result{Matches: matches}, nil }
				h.slots.queued.Store(100)
				start := time.Now()
				ok, _, err := h.Verify(t.Context(), h.decoy.text, "password")
				require.NoError(t, err)
				require.Equal(t, matches, ok)
				require.Equal(t, departureTick, time.Since(start))
			})
		})
	}
}

// Nobody waits for the departure of a caller that has gone.
func TestDepartureEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, 100, time.Minute)
		s.queued.Store(100)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		start := time.Now()
		s.depart(ctx)
		require.Equal(t, time.Millisecond, time.Since(start))
	})
}

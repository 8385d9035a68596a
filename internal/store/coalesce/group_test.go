package coalesce_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/coalesce"
)

type call = coalesce.Call[int, int]

var errOdd = errors.New("odd")

// halve is what every call of these tests does.
func halve(_ context.Context, in int) (int, error) {
	if in%2 != 0 {
		return 0, errOdd
	}
	return in / 2, nil
}

// halveAll makes the calls of a batch.
func halveAll(calls []*call) {
	for _, c := range calls {
		c.Answer(halve(context.Background(), c.In))
	}
}

// held is a group whose first flight is in the air until release is called, and that records its batches.
type held struct {
	*coalesce.Group[int, int]
	release func()
	batches [][]int
	singles []int
	mu      sync.Mutex
	calls   sync.WaitGroup
}

// hold returns a held group. It must run in a synctest bubble.
func hold(o coalesce.Options[int], batch func([]*call)) *held {
	h := &held{}
	gate := make(chan struct{})
	h.release = func() { close(gate) }
	h.Group = coalesce.New(o, func(calls []*call) {
		var in []int
		for _, c := range calls {
			in = append(in, c.In)
		}
		h.mu.Lock()
		h.batches = append(h.batches, in)
		h.mu.Unlock()
		batch(calls)
	}, func(ctx context.Context, in int) (int, error) {
		if in < 0 {
			<-gate
			return 0, nil
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.singles = append(h.singles, in)
		return halve(ctx, in)
	})
	h.call(context.Background(), -1, new(error))
	return h
}

// sent returns the batches so far.
func (h *held) sent() [][]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.batches)
}

// call makes a call in the background and waits until it is in the queue.
func (h *held) call(ctx context.Context, in int, err *error) {
	h.calls.Go(func() {
		var out int
		out, *err = h.Do(ctx, in)
		if *err == nil && in >= 0 && out != in/2 {
			*err = errors.New("the result of another call")
		}
	})
	synctest.Wait()
}

func TestCallsThatArriveInFlightShareABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hold(coalesce.Options[int]{Flights: 1, Batch: 3}, halveAll)
		errs := make([]error, 5)
		for i := range errs {
			h.call(t.Context(), i, &errs[i])
		}
		require.Empty(t, h.batches, "nothing is sent before the flight is free")
		h.release()
		h.calls.Wait()
		require.Equal(t, [][]int{{0, 1, 2}, {3, 4}}, h.batches)
		require.Equal(t, []error{nil, errOdd, nil, errOdd, nil}, errs, "one error must not hurt the others")
		require.Empty(t, h.singles)
	})
}

func TestALoneCallIsMadeAlone(t *testing.T) {
	t.Parallel()
	g := coalesce.New(coalesce.Options[int]{Flights: 1, Batch: 3}, func([]*call) { t.Error("a batch of one") }, halve)
	for range 3 {
		out, err := g.Do(t.Context(), 8)
		require.NoError(t, err)
		require.Equal(t, 4, out)
	}
}

func TestABrokenBatchHurtsNoCall(t *testing.T) {
	t.Parallel()
	for name, batch := range map[string]func([]*call){
		"unanswered": func([]*call) {},
		"panic":      func(calls []*call) { halveAll(calls); panic("broken") },
		"partly":     func(calls []*call) { halveAll(calls[:1]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := hold(coalesce.Options[int]{Flights: 1, Batch: 9}, batch)
				errs := make([]error, 3)
				for i := range errs {
					h.call(t.Context(), i, &errs[i])
				}
				h.release()
				h.calls.Wait()
				require.Equal(t, []error{nil, errOdd, nil}, errs)
			})
		})
	}
}

func TestContextEndsInTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hold(coalesce.Options[int]{Flights: 1, Batch: 9, Settle: true}, halveAll)
		ctx, cancel := context.WithCancel(t.Context())
		errs := make([]error, 2)
		h.call(ctx, 2, &errs[0])
		h.call(t.Context(), 4, &errs[1])
		cancel()
		synctest.Wait()
		require.ErrorIs(t, errs[0], context.Canceled, "it does not wait for the flight")
		h.release()
		h.calls.Wait()
		require.NoError(t, errs[1])
		require.Equal(t, [][]int{{4}}, h.batches, "the call is not made")
		_, err := h.Do(ctx, 2)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestContextEndsInFlight(t *testing.T) {
	t.Parallel()
	for _, settle := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			h := hold(coalesce.Options[int]{Flights: 1, Batch: 9, Settle: settle}, func(calls []*call) { <-gate; halveAll(calls) })
			ctx, cancel := context.WithCancel(t.Context())
			pending := errors.New("no result yet")
			errs := []error{pending, pending}
			h.call(ctx, 2, &errs[0])
			h.call(t.Context(), 4, &errs[1])
			h.release()
			synctest.Wait()
			cancel()
			synctest.Wait()
			close(gate)
			h.calls.Wait()
			require.NoError(t, errs[1])
			if settle {
				require.NoError(t, errs[0])
			} else {
				require.ErrorIs(t, errs[0], context.Canceled)
			}
		})
	}
}

// Calls wait for the flight in the air, but not for one that is late.
func TestALateFlightIsOvertaken(t *testing.T) {
	t.Parallel()
	const patience = 10 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		h := hold(coalesce.Options[int]{Flights: 2, Patience: patience, Batch: 3}, halveAll)
		var errs [4]error
		h.call(t.Context(), 0, &errs[0])
		time.Sleep(patience - time.Nanosecond)
		h.call(t.Context(), 2, &errs[1])
		require.Empty(t, h.sent(), "the flight is not late yet")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, [][]int{{0, 2}}, h.sent())

		h.call(t.Context(), 4, &errs[2])
		require.Len(t, h.sent(), 1, "another flight has begun since")
		time.Sleep(patience)
		synctest.Wait()
		require.Equal(t, [][]int{{0, 2}, {4}}, h.sent(), "the first flight is still in the air")

		h.call(t.Context(), 6, &errs[3])
		h.release()
		h.calls.Wait()
		require.Equal(t, [][]int{{0, 2}, {4}, {6}}, h.sent())
		require.Empty(t, h.singles)
		require.Equal(t, [4]error{}, errs)
	})
}

// A flight that begins while calls wait is given as much time as the one before it.
func TestANewFlightIsNotLate(t *testing.T) {
	t.Parallel()
	const patience = 10 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		slow := func(calls []*call) {
			time.Sleep(patience - time.Nanosecond)
			halveAll(calls)
		}
		h := hold(coalesce.Options[int]{Flights: 2, Patience: patience, Batch: 1}, slow)
		var errs [3]error
		for i := range errs {
			h.call(t.Context(), 2*i, &errs[i])
		}
		h.release()
		begin := time.Now()
		h.calls.Wait()
		require.Equal(t, [][]int{{0}, {2}, {4}}, h.sent())
		require.Equal(t, 3*(patience-time.Nanosecond), time.Since(begin), "one after another")
	})
}

func TestUrgentCallsGoFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		urgent := func(in int) bool { return in >= 100 }
		h := hold(coalesce.Options[int]{Flights: 1, Batch: 4, Urgent: urgent}, halveAll)
		var errs [12]error
		for i, in := range []int{2, 4, 6, 100, 102, 104, 106, 108} {
			h.call(t.Context(), in, &errs[i])
		}
		h.release()
		h.calls.Wait()
		require.Equal(t, [][]int{{100, 102, 104, 2}, {106, 108, 4, 6}}, h.batches)
	})
}

// TestManyCalls makes many calls at once, some of which give up. It is for the race detector.
func TestManyCalls(t *testing.T) {
	t.Parallel()
	for _, patience := range []time.Duration{0, time.Microsecond} {
		t.Run(patience.String(), func(t *testing.T) {
			t.Parallel()
			makeManyCalls(t, patience)
		})
	}
}

func makeManyCalls(t *testing.T, patience time.Duration) {
	t.Helper()
	var largest, flying, most atomic.Int64
	g := coalesce.New(coalesce.Options[int]{Flights: 3, Patience: patience, Batch: 8}, func(calls []*call) {
		most.Store(max(most.Load(), flying.Add(1)))
		defer flying.Add(-1)
		largest.Store(max(largest.Load(), int64(len(calls))))
		halveAll(slices.DeleteFunc(slices.Clone(calls), func(c *call) bool { return c.In%5 == 0 }))
	}, halve)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			for n := range 200 {
				ctx, cancel := context.WithCancel(context.Background())
				if n%7 == 0 {
					go cancel()
				}
				out, err := g.Do(ctx, 2*(i+n))
				cancel()
				if err == nil && out != i+n || err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("half of %d: %d, %v", 2*(i+n), out, err)
				}
			}
		})
	}
	all.Wait()
	require.LessOrEqual(t, largest.Load(), int64(8))
	require.LessOrEqual(t, most.Load(), int64(3))
}

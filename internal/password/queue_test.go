package password

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

func TestFullQueueRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(2, 1, time.Minute)
		require.NoError(t, enter(t.Context(), s))
		require.NoError(t, enter(t.Context(), s))
		waiter := make(chan error)
		go func() { waiter <- enter(t.Context(), s) }()
		synctest.Wait()

		start := time.Now()
		err := enter(t.Context(), s)
		require.ErrorIs(t, err, fault.ErrUnavailable)
		require.Zero(t, time.Since(start), "a full queue refuses at once")
		var e *fault.Error
		require.ErrorAs(t, err, &e)
		require.Contains(t, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}, e.RetryAfter)

		s.release()
		require.NoError(t, <-waiter)
	})
}

func TestQueueIsServedInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, 10, time.Minute)
		require.NoError(t, s.acquire(t.Context()))
		served := make(chan int, 10)
		for i := range 10 {
			go func() {
				if s.acquire(t.Context()) == nil {
					served <- i
				}
			}()
			synctest.Wait()
		}
		for i := range 10 {
			s.release()
			require.Equal(t, i, <-served)
		}
	})
}

func TestQueueWaitLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, Options{Slots: 1, Queue: 1})
		require.NoError(t, enter(t.Context(), h.slots))
		start := time.Now()
		_, err := h.Hash(t.Context(), "password")
		require.ErrorIs(t, err, fault.ErrUnavailable)
		require.Equal(t, maxWait, time.Since(start))
		require.Zero(t, h.slots.waiting(), "a caller that gave up has left the queue")
	})
}

func TestCanceledCallersLeaveTheQueueWithoutHashing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, Options{Slots: 1, Queue: 1, Wait: time.Minute})
		require.NoError(t, enter(t.Context(), h.slots))
		disconnected := errors.New("the client has disconnected")
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() {
			_, err := h.Hash(ctx, "password")
			done <- err
		}()
		synctest.Wait()
		require.EqualValues(t, 1, h.slots.waiting())

		cancel(disconnected)
		require.ErrorIs(t, <-done, context.Canceled)
		require.Zero(t, h.slots.waiting())

		h.slots.release()
		_, _, err := h.Verify(ctx, "", "password")
		require.ErrorIs(t, err, context.Canceled, "no hash starts even if a slot is free")
		require.Zero(t, h.Hashes())
		require.Empty(t, h.slots.running)
	})
}

// No hash starts if a slot and the end of the context come at the same time.
func TestNoHashAfterTheEndOfTheContext(t *testing.T) {
	t.Parallel()
	s := newSlots(1, 1, time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		require.ErrorIs(t, s.queue(ctx), context.Canceled)
		require.Empty(t, s.running)
	}
}

func TestQueueFor(t *testing.T) {
	t.Parallel()
	require.EqualValues(t, 134, queueFor(2, 30*time.Millisecond))
	require.EqualValues(t, 8, queueFor(4, time.Second))
	require.EqualValues(t, 2000, queueFor(1, 0), "a coarse clock does not make the queue unbounded")
}

func TestQueueLearnsHowLongHashesTake(t *testing.T) {
	t.Parallel()
	s := newSlots(2, 0, time.Minute)
	require.EqualValues(t, 80, s.limit(), "before the first measurement")
	for range 50 {
		s.measured(10 * time.Millisecond)
	}
	require.InDelta(t, 400, s.limit(), 10)
	for range 50 {
		s.measured(time.Second)
	}
	require.InDelta(t, 4, s.limit(), 1, "slow hashes shorten the queue")
	fixed := newSlots(2, 7, time.Minute)
	fixed.measured(time.Hour)
	require.EqualValues(t, 7, fixed.limit(), "a queue that is set is not changed")
}

// A place that is reserved is there for the hashes of its owner, one after the other, and for nobody else.
func TestReservedPlace(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Options{Slots: 1, Queue: 1})
	first, leaveFirst, err := h.Reserve(t.Context())
	require.NoError(t, err)
	second, leaveSecond, err := h.Reserve(t.Context())
	require.NoError(t, err, "one may wait")
	_, _, err = h.Reserve(t.Context())
	require.ErrorIs(t, err, fault.ErrUnavailable)
	_, err = h.Hash(t.Context(), "password")
	require.ErrorIs(t, err, fault.ErrUnavailable, "all places are reserved, though no hash runs")

	again, leaveAgain, err := h.Reserve(first)
	require.NoError(t, err, "the same place")
	leaveAgain()
	for range 2 {
		_, err = h.Hash(again, "password")
		require.NoError(t, err)
		_, err = h.Hash(second, "password")
		require.NoError(t, err)
	}
	_, err = h.Hash(t.Context(), "password")
	require.ErrorIs(t, err, fault.ErrUnavailable, "the places are still reserved")

	leaveFirst()
	_, err = h.Hash(t.Context(), "password")
	require.NoError(t, err)
	leaveSecond()
	require.Zero(t, h.slots.admitted.Load())
}

// enter takes a place and waits for a slot.
func enter(ctx context.Context, s *slots) error {
	if err := s.admit(); err != nil {
		return err
	}
	return s.acquire(ctx)
}

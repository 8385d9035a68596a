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
		require.NoError(t, s.acquire(t.Context()))
		require.NoError(t, s.acquire(t.Context()))
		waiter := make(chan error)
		go func() { waiter <- s.acquire(t.Context()) }()
		synctest.Wait()

		start := time.Now()
		err := s.acquire(t.Context())
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
		s := newSlots(1, 1, maxWait)
		require.NoError(t, s.acquire(t.Context()))
		start := time.Now()
		require.ErrorIs(t, s.acquire(t.Context()), fault.ErrUnavailable)
		require.Equal(t, maxWait, time.Since(start))
		require.Zero(t, s.waiting.Load(), "a caller that gave up has left the queue")
	})
}

func TestCanceledCallersLeaveTheQueueWithoutHashing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, Options{Slots: 1, Queue: 1, Wait: time.Minute})
		require.NoError(t, h.slots.acquire(t.Context()))
		disconnected := errors.New("the client has disconnected")
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() {
			_, err := h.Hash(ctx, "password")
			done <- err
		}()
		synctest.Wait()
		require.EqualValues(t, 1, h.slots.waiting.Load())

		cancel(disconnected)
		require.ErrorIs(t, <-done, context.Canceled)
		require.Zero(t, h.slots.waiting.Load())

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
	require.EqualValues(t, 67, queueFor(2, 30*time.Millisecond))
	require.EqualValues(t, 4, queueFor(4, time.Second))
	require.EqualValues(t, 1000, queueFor(1, 0), "a coarse clock does not make the queue unbounded")
}

func TestQueueLearnsHowLongHashesTake(t *testing.T) {
	t.Parallel()
	s := newSlots(2, 0, time.Minute)
	require.EqualValues(t, 40, s.limit(), "before the first measurement")
	for range 50 {
		s.measured(10 * time.Millisecond)
	}
	require.InDelta(t, 200, s.limit(), 5)
	for range 50 {
		s.measured(time.Second)
	}
	require.InDelta(t, 2, s.limit(), 1, "slow hashes shorten the queue")
	fixed := newSlots(2, 7, time.Minute)
	fixed.measured(time.Hour)
	require.EqualValues(t, 7, fixed.limit(), "a queue that is set is not changed")
}

func TestFullQueueIsKnownBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, 1, time.Minute)
		require.NoError(t, s.full())
		require.NoError(t, s.acquire(t.Context()))
		require.NoError(t, s.full(), "one may wait")
		waiter := make(chan error)
		go func() { waiter <- s.acquire(t.Context()) }()
		synctest.Wait()
		require.ErrorIs(t, s.full(), fault.ErrUnavailable)
		s.release()
		require.NoError(t, <-waiter)
		require.NoError(t, s.full())
	})
}

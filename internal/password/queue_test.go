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
		require.Empty(t, s.waiting, "a caller that gave up has left the queue")
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
		require.Len(t, h.slots.waiting, 1)

		cancel(disconnected)
		require.ErrorIs(t, <-done, context.Canceled)
		require.Empty(t, h.slots.waiting)

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
	require.Equal(t, 67, queueFor(2, 30*time.Millisecond))
	require.Equal(t, 4, queueFor(4, time.Second))
	require.Equal(t, 1000, queueFor(1, 0), "a coarse clock does not make the queue unbounded")
}

func TestCalibrated(t *testing.T) {
	t.Parallel()
	require.Positive(t, Options{Params: cheap}.Calibrated().Queue)
	require.Equal(t, 7, Options{Params: cheap, Queue: 7}.Calibrated().Queue, "a queue that is set is not changed")
	require.Zero(t, Options{Params: Params{65537, 2, 1}}.Calibrated().Queue, "parameters that New rejects are not measured")
	require.Equal(t, 40, withDefaults(Options{Slots: 2}).Queue, "the default needs no measurement")
}

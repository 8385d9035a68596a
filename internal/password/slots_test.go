package password

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

func TestSlotsRefuseWhenFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(2, 1, time.Minute)
		require.NoError(t, s.take(t.Context()))
		require.NoError(t, s.take(t.Context()))
		waiter := make(chan error)
		go func() { waiter <- s.take(t.Context()) }()
		synctest.Wait()

		start := time.Now()
		err := s.take(t.Context())
		require.ErrorIs(t, err, account.ErrUnavailable)
		require.Zero(t, time.Since(start), "a full queue is refused at once")
		var e *account.Error
		require.ErrorAs(t, err, &e)
		require.Contains(t, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}, e.RetryAfter)

		s.give()
		require.NoError(t, <-waiter)
	})
}

func TestSlotsServeInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, 10, time.Minute)
		require.NoError(t, s.take(t.Context()))
		served := make(chan int, 10)
		for i := range 10 {
			go func() {
				if s.take(t.Context()) == nil {
					served <- i
				}
			}()
			synctest.Wait()
		}
		for i := range 10 {
			s.give()
			require.Equal(t, i, <-served)
		}
	})
}

func TestSlotsWaitLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, 1, maxWait)
		require.NoError(t, s.take(t.Context()))
		start := time.Now()
		require.ErrorIs(t, s.take(t.Context()), account.ErrUnavailable)
		require.Equal(t, maxWait, time.Since(start))
		require.Empty(t, s.waiting, "who gave up has left the queue")
	})
}

func TestCancelledLeavesTheQueueWithoutHashing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, Options{Slots: 1, Queue: 1, Wait: time.Minute})
		require.NoError(t, h.slots.take(t.Context()))
		gone := errors.New("the client has gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() {
			_, err := h.Hash(ctx, "password")
			done <- err
		}()
		synctest.Wait()
		require.Len(t, h.slots.waiting, 1)

		cancel(gone)
		require.ErrorIs(t, <-done, context.Canceled)
		require.Empty(t, h.slots.waiting)

		h.slots.give()
		_, _, err := h.Verify(ctx, "", "password")
		require.ErrorIs(t, err, context.Canceled, "nor does it begin when a slot is free")
		require.Zero(t, h.Hashes())
		require.Empty(t, h.slots.running)
	})
}

// A slot and the end of the context may come at the same instant: then no hash is begun.
func TestContextHasTheLastWord(t *testing.T) {
	t.Parallel()
	s := newSlots(1, 1, time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		require.ErrorIs(t, s.queue(ctx), context.Canceled)
		require.Empty(t, s.running)
	}
}

package password

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// slots lets a few hashes run at once and a bounded number wait for their turn, in order.
type slots struct {
	running chan struct{} // holds an element for each hash that runs
	waiting chan struct{} // holds an element for each one that waits
	wait    time.Duration
}

func newSlots(running, waiting int, wait time.Duration) *slots {
	return &slots{make(chan struct{}, running), make(chan struct{}, waiting), wait}
}

// take waits for a slot. A full queue is refused at once; who waits too long, or is no longer
// wanted, leaves the queue. After a nil error the caller must give the slot back.
func (s *slots) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.running <- struct{}{}:
		return nil
	default:
	}
	select {
	case s.waiting <- struct{}{}:
		defer func() { <-s.waiting }()
	default:
		return unavailable()
	}
	return s.queue(ctx)
}

// queue waits in line. The runtime serves the senders on a channel first come, first served.
func (s *slots) queue(ctx context.Context) error {
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	select {
	case s.running <- struct{}{}:
	case <-timer.C:
		return unavailable()
	case <-ctx.Done():
		return ctx.Err()
	}
	// Of two cases that are ready at once select takes either: the context has the last word.
	if err := ctx.Err(); err != nil {
		s.give()
		return err
	}
	return nil
}

// give returns a slot.
func (s *slots) give() { <-s.running }

// unavailable spreads the retries over three seconds, so that those refused do not come back together.
func unavailable() error {
	return account.ErrUnavailable.After(time.Duration(1+rand.IntN(3)) * time.Second) //nolint:gosec // jitter, not a secret
}

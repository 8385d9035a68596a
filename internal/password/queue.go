package password

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Limits on the queue: all hashes in it are to be done within queueTime, and none waits longer than
// maxWait.
const (
	queueTime = time.Second
	maxWait   = 1500 * time.Millisecond
)

// assumedHashTime is the duration of one hash for a queue that was not calibrated.
const assumedHashTime = 50 * time.Millisecond

// slots lets a few hashes run at once, and a bounded number wait for a slot in order of arrival.
type slots struct {
	running chan struct{} // one element for each running hash
	waiting chan struct{} // one element for each waiting hash
	wait    time.Duration
}

func newSlots(running, waiting int, wait time.Duration) *slots {
	return &slots{make(chan struct{}, running), make(chan struct{}, waiting), wait}
}

// acquire waits for a slot. It returns fault.ErrUnavailable at once if the queue is full, and also if
// the wait takes too long, or the error of the context. After a nil error the caller must release the
// slot.
func (s *slots) acquire(ctx context.Context) error {
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

// queue waits for a slot. The runtime serves blocked senders on a channel in order of arrival.
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
	// If a slot and the end of the context are ready at once, select picks either. Check the context
	// again, so that no hash starts after its end.
	if err := ctx.Err(); err != nil {
		s.release()
		return err
	}
	return nil
}

// release gives a slot back.
func (s *slots) release() { <-s.running }

// unavailable returns fault.ErrUnavailable with a random delay of one to three seconds, so that the
// refused callers do not all retry at the same time.
func unavailable() error {
	return fault.ErrUnavailable.Wrap(fault.ErrNoHashSlot).After(time.Duration(1+rand.IntN(3)) * time.Second) //nolint:gosec // jitter, not a secret
}

// Calibrated returns a copy of o whose Queue suits this machine: as many hashes as the slots complete in
// a second. It computes five hashes to measure that, which takes some hundred milliseconds, so it is for
// a server, not for a command. It does not change a Queue that is set.
func (o Options) Calibrated() Options {
	d := withDefaults(o)
	if o.Queue <= 0 && d.Params.bounded() == nil { // New rejects the others
		o.Queue = queueFor(d.Slots, hashTime(d.Params))
	}
	return o
}

// hashTime returns the median duration of five hashes.
func hashTime(p Params) time.Duration {
	times := make([]time.Duration, 5)
	for i := range times {
		start := time.Now()
		newArgon2id(p, "calibration")
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// queueFor returns how many hashes of the given duration the slots complete within queueTime.
func queueFor(slots int, each time.Duration) int {
	return int(math.Ceil(float64(slots) * float64(queueTime) / float64(max(each, time.Millisecond))))
}

package password

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Limits on the queue: all hashes in it are to be done within queueTime, and none waits longer than
// maxWait. A shorter queue refuses more callers, who take the processors from the hashes when they try again.
const (
	queueTime = 2 * time.Second
	maxWait   = 3 * time.Second
)

// assumedHashTime is the duration of a hash until the first ones have been measured.
const assumedHashTime = 50 * time.Millisecond

// slots lets a few hashes run at once, and a bounded number wait for a slot in order of arrival.
type slots struct {
	running  chan struct{} // one element for each running hash
	admitted atomic.Int64  // hashes that have a place: those that run, wait, or are about to
	most     int           // hashes that may wait; 0: as many as the slots complete within queueTime
	queued   atomic.Int64  // hashes that wait
	each     atomic.Int64  // recent duration of a hash, in nanoseconds
	wait     time.Duration
}

func newSlots(running, waiting int, wait time.Duration) *slots {
	s := &slots{running: make(chan struct{}, running), most: waiting, wait: wait}
	s.each.Store(int64(assumedHashTime))
	return s
}

// limit returns how many hashes may wait.
func (s *slots) limit() int64 {
	if s.most > 0 {
		return int64(s.most)
	}
	return queueFor(cap(s.running), time.Duration(s.each.Load()))
}

// measured takes the duration of a hash into account. It forgets old ones quickly: what else the machine does
// changes, and so do the algorithms of stored hashes.
func (s *slots) measured(d time.Duration) {
	old := s.each.Load()
	s.each.CompareAndSwap(old, old+(int64(d)-old)/8) // if another was faster, its measurement will do
}

// admit takes a place in the queue, or returns fault.ErrUnavailable if it is full. After a nil error the caller
// must leave.
func (s *slots) admit() error {
	if s.admitted.Add(1) > int64(cap(s.running))+s.limit() {
		s.leave()
		return unavailable()
	}
	return nil
}

// leave gives a place back.
func (s *slots) leave() { s.admitted.Add(-1) }

// waiting returns how many hashes wait for a slot.
func (s *slots) waiting() int64 { return s.queued.Load() }

// acquire waits for a slot. The caller has a place. acquire returns fault.ErrUnavailable if the wait takes too
// long, or the error of the context. After a nil error the caller must release the slot.
func (s *slots) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.running <- struct{}{}:
		return nil
	default:
	}
	return s.queue(ctx)
}

// queue waits for a slot. The runtime serves blocked senders on a channel in order of arrival.
func (s *slots) queue(ctx context.Context) error {
	s.queued.Add(1)
	defer s.queued.Add(-1)
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

// use calls do in the caller's slot, and gives the slot back.
func (s *slots) use(do func() error) error {
	begin := time.Now()
	defer func() {
		s.measured(time.Since(begin))
		s.release()
	}()
	return do()
}

// release gives a slot back. The hash that has waited for it starts at once: otherwise the process for hashes would be
// idle until this request waits for something.
func (s *slots) release() {
	<-s.running
	runtime.Gosched()
}

// unavailable returns fault.ErrUnavailable with a random delay of one to three seconds, so that the
// refused callers do not all retry at the same time.
func unavailable() error {
	return fault.ErrUnavailable.Wrap(fault.ErrNoHashSlot).After(time.Duration(1+rand.IntN(3)) * time.Second) //nolint:gosec // jitter, not a secret
}

// queueFor returns how many hashes of the given duration the slots complete within queueTime.
func queueFor(slots int, each time.Duration) int64 {
	return int64(math.Ceil(float64(slots) * float64(queueTime) / float64(max(each, time.Millisecond))))
}

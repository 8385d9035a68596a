package account

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// A refusal that costs the service almost nothing is sent refusalPause after the attempt has begun. If more than
// refusalRate are due, they are sent later, but not later than after maxRefusalPause. Callers who try again at once would
// otherwise take the processors from those whose passwords are being verified. The pause is longer than the look-up of
// a user, so that the time does not tell whether there was a user to read. Refusals leave together, every refusalTick:
// the processors turn to them less often, and refuse several while their caches are warm.
const (
	refusalPause    = 35 * time.Millisecond
	maxRefusalPause = time.Second
	refusalTick     = 9 * time.Millisecond
	refusalRate     = 1000 // per second and processor: with the 0.12 to 0.17 ms of a full queue, a sixth of its time at most
)

// refusals decides when the refusals of a service are sent.
type refusals struct {
	interval time.Duration // between two, on average, when many are due

	mu   sync.Mutex
	next time.Time // the earliest time for the next one then
}

func newRefusals() *refusals {
	return &refusals{interval: time.Second / time.Duration(refusalRate*runtime.GOMAXPROCS(0))}
}

// due returns when to refuse an attempt that began at begun: at the tick after its turn.
func (r *refusals) due(begun time.Time) time.Time {
	at := r.turn(begun)
	return at.Add(refusalTick - time.Duration(at.UnixNano())%refusalTick)
}

// turn returns the earliest time to refuse what has begun then, and takes it.
func (r *refusals) turn(begun time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, last := begun.Add(refusalPause), begun.Add(maxRefusalPause)
	if r.next.After(last) {
		return last
	}
	if r.next.After(at) {
		at = r.next
	}
	r.next = at.Add(r.interval)
	return at
}

// refuse returns err, which an attempt that has begun then has led to. Before it returns a refusal that costs almost
// nothing, it waits until its time or the end of ctx. The attempt must have left the queue for hashes.
func (s *Service) refuse(ctx context.Context, begun time.Time, err error) error {
	if !errors.Is(err, fault.ErrNoHashSlot) && !errors.Is(err, errTooMany) {
		return err
	}
	timer := time.NewTimer(s.refusals.due(begun).Sub(s.clock()))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return err
}

var errTooMany = fault.Denied(fault.LimitSignIn, 0)

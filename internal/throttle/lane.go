package throttle

import (
	"context"
	"time"
)

// Lane is how many tries come at once and how fast they come back.
type Lane struct {
	Name  string
	Burst int           // tries at once
	Every time.Duration // one more try
}

// State is what is kept of a key: the theoretical arrival time of the next try. The zero State is
// a key never seen.
type State struct {
	TAT time.Time
}

// Spend decides whether a try is allowed at now. If it is, next is the state to keep; if not, wait
// says when the next one will be, and the state stays as it is.
func (l Lane) Spend(now time.Time, s State) (next State, wait time.Duration) {
	tat := s.TAT
	if tat.Before(now) {
		tat = now
	}
	tat = tat.Add(l.Every)
	if over := tat.Sub(l.limit(now)); over > 0 {
		return s, over
	}
	return State{TAT: tat}, 0
}

// limit is the latest arrival time that the lane allows at now.
func (l Lane) limit(now time.Time) time.Time {
	return now.Add(time.Duration(l.Burst) * l.Every)
}

// Charge is one try to be counted.
type Charge struct {
	Key   []byte    // whose try it is
	TAT   time.Time // the state to keep if the key was never seen, or its time has passed
	Limit time.Time // the latest state that is allowed
}

// Refund gives time back to a key.
type Refund struct {
	Key    []byte
	Amount time.Duration
}

// Store keeps the state of keys, to the millisecond.
type Store interface {
	// Spend charges every key at now, each by itself: the kept state becomes
	// max(state, now) + (c.TAT - now) where that is not after c.Limit, and stays as it is where it
	// is. It gives the state of those that were refused, by key. It MUST be atomic per key: of
	// 200 tries at once no more are allowed than one after the other.
	Spend(ctx context.Context, now time.Time, charges []Charge) (refused map[string]State, err error)
	// Refund takes each amount off the kept state, but not below now.
	Refund(ctx context.Context, now time.Time, refunds []Refund) error
	// PurgeThrottle deletes at most limit keys whose state is before a time, which is as if they had
	// never been seen, and gives their number.
	PurgeThrottle(ctx context.Context, before time.Time, limit int) (int, error)
}

package throttle

import "time"

// Policy is a rate limit: how many attempts are allowed at once, and how fast they come back.
type Policy struct {
	Name  string        // part of the MACs in the store
	Burst int           // attempts at once
	Every time.Duration // one more attempt
}

// State is what is stored for a key: the theoretical arrival time of the next attempt. The zero State
// belongs to a key that was never seen.
type State struct {
	TAT time.Time
}

// Spend decides whether an attempt is allowed at now. If it is, next is the state to store. If not,
// wait is the time until an attempt is allowed, and next is s.
func (p Policy) Spend(now time.Time, s State) (next State, wait time.Duration) {
	tat := s.TAT
	if tat.Before(now) {
		tat = now
	}
	tat = tat.Add(p.Every)
	if over := tat.Sub(p.limit(now)); over > 0 {
		return s, over
	}
	return State{TAT: tat}, 0
}

// limit returns the latest arrival time that the policy allows at now.
func (p Policy) limit(now time.Time) time.Time {
	return now.Add(time.Duration(p.Burst) * p.Every)
}

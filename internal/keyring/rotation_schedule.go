package keyring

import (
	"time"
)

// retention is how long a retired key stays published: a day longer than its tokens are valid, which is more
// than any cache of the JWKS needs.
const retention = MaxLifetime + 24*time.Hour

// schedule holds the durations in the life cycle of a key. With the rows and the time they decide
// everything that Maintain does, so replicas that run it at once agree.
type schedule struct {
	prepublish time.Duration
	period     time.Duration
}

func scheduleOf(o Options) schedule {
	return schedule{prepublish: o.Prepublish, period: o.Period}
}

// firstStart returns when the very first key starts to sign. It is in the past, because a replica
// whose clock is behind has no older key to sign with.
func firstStart(now time.Time) time.Time { return now.Add(-Leeway) }

// nextStart returns when a key that is published now starts to sign.
func (s schedule) nextStart(now time.Time) time.Time { return now.Add(s.prepublish) }

// next reports whether the next key is due, and when it starts to sign. The current key signs a little
// past its period rather than let its successor sign before verifiers have seen it.
func (s schedule) next(t timeline, now time.Time) (from time.Time, due bool) {
	newest := t.newest()
	if newest == nil {
		return firstStart(now), true
	}
	end := newest.row.SignsFrom.Add(s.period)
	return s.nextStart(now), end.Sub(now) <= s.prepublish
}

// action is a change that Maintain makes to a stored key.
type action int

const (
	noAction     action = iota
	reseal              // seal the private key with the first secret
	erasePrivate        // erase the private key
	deleteKey
)

// action returns what is to be done to the i-th key. A private key is kept until the clocks of all
// replicas agree that another key signs.
func (t timeline) action(i int, now time.Time) action {
	k := t[i]
	switch state := t.state(i, now); {
	case state == Expired:
		return deleteKey
	case state == Retired && k.private != nil && !now.Before(t.end(i).Add(2*Leeway)):
		return erasePrivate
	case !k.current:
		return reseal
	}
	return noAction
}

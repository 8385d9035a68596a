package keyring

import (
	"time"
)

// keepFor is how long a key is published after it has signed its last token, beside the life of
// that token: longer than any cache of the key set.
const keepFor = 24 * time.Hour

// schedule is how long a key is what. With the rows and the time it decides all that Maintain does,
// so that replicas that maintain at once agree.
type schedule struct {
	prepublish time.Duration
	period     time.Duration
	keep       time.Duration // how long a retired key is published
	leeway     time.Duration // by which clocks differ
}

func scheduleOf(o Options) schedule {
	return schedule{prepublish: o.Prepublish, period: o.Period, keep: keepFor + o.MaxLife, leeway: o.Leeway}
}

// first is when the very first key begins: a leeway ago, since a replica whose clock is behind has
// no older one to sign with.
func (s schedule) first(now time.Time) time.Time { return now.Add(-s.leeway) }

// pending is when a key begins that is published now.
func (s schedule) pending(now time.Time) time.Time { return now.Add(s.prepublish) }

// next says whether the next generation is to be published now, and when it begins. The one before
// rather signs some seconds longer than its period than that the next is known for too short.
func (s schedule) next(t timeline, now time.Time) (from time.Time, due bool) {
	newest := t.newest()
	if newest == nil {
		return s.first(now), true
	}
	end := newest.row.SignsFrom.Add(s.period)
	if until := orNever(newest.row.SignsUntil); until.Before(end) {
		end = until
	}
	return s.pending(now), end.Sub(now) <= s.prepublish
}

// chore is what is to be done to the row of a key.
type chore int

const (
	none   chore = iota
	reseal       // under the first secret
	erase        // the private half
	remove       // all of it
)

// chore says what is to be done to the i-th key. A private half is kept until the clock of every
// replica says that another key signs.
func (s schedule) chore(t timeline, i int, now time.Time) chore {
	k := t[i]
	switch state := t.state(i, now, s.keep); {
	case state == Over:
		return remove
	case state == Retired && k.private != nil && !now.Before(t.end(i).Add(2*s.leeway)):
		return erase
	case !k.current:
		return reseal
	}
	return none
}

package keyring

import (
	"time"
)

// timeline is all keys, lowest generation first. What each of them does is decided by the time
// alone; a timeline is never changed, only replaced.
type timeline []*key

// State is what a key does at some time.
type State string

// The states of a key, in their order.
const (
	Pending State = "pending" // published, so that verifiers know it before it signs
	Signing State = "signing"
	Retired State = "retired" // published for the tokens that it signed
	Over    State = "over"    // not published, and about to be deleted
)

// state is what the i-th key does at now, if retired keys are published for keep.
func (t timeline) state(i int, now time.Time, keep time.Duration) State {
	from, end := t[i].row.SignsFrom, t.end(i)
	switch {
	case end.Before(from): // a later generation signs before: it has never signed and never will
		return Over
	case !now.Before(end.Add(keep)):
		return Over
	case !now.Before(end):
		return Retired
	case now.Before(from):
		return Pending
	}
	return Signing
}

// signer is the newest generation whose time to sign it is, or nil.
func (t timeline) signer(now time.Time) *key {
	for i := len(t) - 1; i >= 0; i-- {
		k := t[i]
		if k.private != nil && !k.row.SignsFrom.After(now) && now.Before(orNever(k.row.SignsUntil)) {
			return k
		}
	}
	return nil
}

// published are the keys that tokens may still be signed with, or will be: all but those that
// stopped signing longer than keep ago.
func (t timeline) published(now time.Time, keep time.Duration) timeline {
	var keys timeline
	for i, k := range t {
		if t.state(i, now, keep) != Over {
			keys = append(keys, k)
		}
	}
	return keys
}

// end is when the i-th key stops signing: when its row says so, or when a later generation begins.
func (t timeline) end(i int) time.Time {
	end := orNever(t[i].row.SignsUntil)
	for _, later := range t[i+1:] {
		if later.row.SignsFrom.Before(end) {
			end = later.row.SignsFrom
		}
	}
	return end
}

// find gives the key with that kid, or nil.
func (t timeline) find(kid string) *key {
	for _, k := range t {
		if k.row.ID == kid {
			return k
		}
	}
	return nil
}

// newest is the highest generation, or nil.
func (t timeline) newest() *key {
	if len(t) == 0 {
		return nil
	}
	return t[len(t)-1]
}

// never is later than any time in a row.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func orNever(t time.Time) time.Time {
	if t.IsZero() {
		return never
	}
	return t
}

package keyring

import (
	"time"
)

// timeline is all keys, lowest generation first. The state of each key depends only on the timeline and
// the time. A timeline is immutable: Refresh replaces it.
type timeline []*key

// State is the state of a key at a given time.
type State string

// The states of a key, in the order in which it goes through them.
const (
	Pending State = "pending" // published, so that verifiers know it before it signs
	Signing State = "signing"
	Retired State = "retired" // published for the tokens that it signed
	Expired State = "expired" // no longer published, about to be deleted
)

// state returns the state of the i-th key at now. Retired keys stay published for the retention.
func (t timeline) state(i int, now time.Time) State {
	from, end := t[i].row.SignsFrom, t.end(i)
	switch {
	case end.Before(from): // a later generation starts earlier, so this one never signs
		return Expired
	case !now.Before(end.Add(retention)):
		return Expired
	case !now.Before(end):
		return Retired
	case now.Before(from):
		return Pending
	}
	return Signing
}

// signer returns the key that signs at now: the newest generation that has started. It returns nil if
// there is none.
func (t timeline) signer(now time.Time) *key {
	for i := len(t) - 1; i >= 0; i-- {
		k := t[i]
		if k.private != nil && !k.row.SignsFrom.After(now) {
			return k
		}
	}
	return nil
}

// published returns the keys that verifiers need: those that sign, will sign, or have signed within
// the retention.
func (t timeline) published(now time.Time) timeline {
	var keys timeline
	for i, k := range t {
		if t.state(i, now) != Expired {
			keys = append(keys, k)
		}
	}
	return keys
}

// end returns when the i-th key stops signing: when a later generation starts.
func (t timeline) end(i int) time.Time {
	end := never
	for _, later := range t[i+1:] {
		if later.row.SignsFrom.Before(end) {
			end = later.row.SignsFrom
		}
	}
	return end
}

// find returns the key with that kid, or nil.
func (t timeline) find(kid string) *key {
	for _, k := range t {
		if k.row.ID == kid {
			return k
		}
	}
	return nil
}

// newest returns the key with the highest generation, or nil.
func (t timeline) newest() *key {
	if len(t) == 0 {
		return nil
	}
	return t[len(t)-1]
}

// never is later than any time in a row.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

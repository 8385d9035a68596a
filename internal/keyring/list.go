package keyring

import "time"

// Status describes a key to an operator.
type Status struct {
	ID         string
	Generation int64
	Algorithm  string
	State      State
	CreatedAt  time.Time
	SignsFrom  time.Time
	SignsUntil time.Time // zero: until there is a newer key
	Current    bool      // sealed with the first secret, so that it needs no other
}

// List returns all keys as of the last Refresh, lowest generation first.
func (r *Ring) List() []Status {
	keys := *r.keys.Load()
	list := make([]Status, len(keys))
	for i := range keys {
		list[i] = r.status(keys, i)
	}
	return list
}

func (r *Ring) status(keys timeline, i int) Status {
	row := keys[i].row
	s := Status{
		ID: row.ID, Generation: row.Generation, Algorithm: row.Algorithm,
		State: keys.state(i, r.now()), Current: keys[i].current,
		CreatedAt: row.CreatedAt, SignsFrom: row.SignsFrom,
	}
	if end := keys.end(i); end.Before(never) {
		s.SignsUntil = end
	}
	return s
}

// NextRotation returns when another key starts to sign, as planned from the keys of the last Refresh.
// A time in the past means that Maintain has not created the key in time. It is zero without keys.
func (r *Ring) NextRotation() time.Time {
	keys := *r.keys.Load()
	newest := keys.newest()
	if newest == nil {
		return time.Time{}
	}
	if newest.row.SignsFrom.After(r.now()) {
		return newest.row.SignsFrom
	}
	return newest.row.SignsFrom.Add(r.schedule.period)
}

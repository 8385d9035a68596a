// Package snapshot remembers rows for as long as no commit changes them.
//
// Two queries with the same snapshot of a database see the same rows. A store that can tell cheaply which snapshot
// a query would have now does not need the query: the rows that it remembers of that snapshot are just as fresh. A store
// that also knows what has changed between two snapshots keeps the other rows.
package snapshot

import (
	"sync"

	"github.com/latchkey-auth/latchkey/internal/bounded"
)

// Row is a row that can be copied.
type Row[R any] interface {
	Clone() R // shares no memory with the original
}

// Rows remembers the rows of one snapshot by their ids. V identifies the snapshot: it is another one after each
// commit that changes a row, and never the same again. It is safe for concurrent use.
type Rows[V comparable, R Row[R]] struct {
	mu      sync.Mutex
	version V
	former  V // from which Move came to version
	held    bool
	rows    *bounded.Map[string, R]
}

// NewRows returns Rows that remember at most size rows, a multiple of 16.
func NewRows[V comparable, R Row[R]](size int) *Rows[V, R] {
	return &Rows[V, R]{rows: bounded.New[string, R](size)}
}

// Changes are the rows in which two snapshots may differ.
type Changes struct {
	All bool
	IDs map[string]struct{}
}

// Add adds a row to the changes. An empty id stands for any row.
func (c *Changes) Add(id string) {
	if id == "" {
		c.All = true
		return
	}
	if c.IDs == nil {
		c.IDs = map[string]struct{}{}
	}
	c.IDs[id] = struct{}{}
}

// Has reports whether a row is among the changes.
func (c *Changes) Has(id string) bool {
	_, changed := c.IDs[id]
	return c.All || changed
}

// Version returns the snapshot of the remembered rows, or the zero value if there are none.
func (r *Rows[V, R]) Version() V {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.version
}

// Find returns a copy of the row with an id, if it is remembered and of the snapshot.
func (r *Rows[V, R]) Find(version V, id string) (row R, ok bool) {
	r.mu.Lock()
	if r.version == version {
		row, ok = r.rows.Get(id)
	}
	r.mu.Unlock()
	if ok {
		row = row.Clone()
	}
	return row, ok
}

// Add remembers a copy of a row of the snapshot. It forgets all rows of another snapshot, unless they are held, or the
// snapshot is the one from which they were moved: then it does nothing.
func (r *Rows[V, R]) Add(version V, id string, row R) {
	row = row.Clone()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.version != version {
		if r.held || version == r.former {
			return
		}
		r.reset(version)
	}
	r.rows.Put(id, row)
}

// Hold keeps the remembered rows until Release, so that Move finds them: readers may see what is being committed a moment
// earlier than the committer.
func (r *Rows[V, R]) Hold() { r.setHeld(true) }

// Release ends Hold.
func (r *Rows[V, R]) Release() { r.setHeld(false) }

func (r *Rows[V, R]) setHeld(held bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = held
}

// Move says what may have changed between a snapshot and the next one. Remembered rows of the former that have not changed
// are rows of the latter from now on.
func (r *Rows[V, R]) Move(from, to V, changes Changes) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.version != from {
		return
	}
	r.former = from
	if changes.All {
		r.reset(to)
		return
	}
	for id := range changes.IDs {
		r.rows.Delete(id)
	}
	r.version = to
}

func (r *Rows[V, R]) reset(version V) {
	r.version = version
	r.rows.Clear()
}

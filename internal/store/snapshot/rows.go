// Package snapshot remembers rows for as long as nothing is committed to the database.
//
// Two queries with the same snapshot of a database see the same rows. A store that can tell cheaply which snapshot
// a query would have now does not need the query: the rows that it remembers of that snapshot are just as fresh.
package snapshot

import "sync"

// maxRows bounds what is remembered. As many sessions take about 5 MB.
const maxRows = 4096

// Row is a row that can be copied.
type Row[R any] interface {
	Clone() R // shares no memory with the original
}

// Rows remembers the rows of one snapshot by their ids. V identifies the snapshot: it is another one after each
// commit, and never the same again. It is safe for concurrent use. The zero value remembers nothing yet.
type Rows[V comparable, R Row[R]] struct {
	mu      sync.Mutex
	version V
	rows    map[string]R
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
		row, ok = r.rows[id]
	}
	r.mu.Unlock()
	if ok {
		row = row.Clone()
	}
	return row, ok
}

// Add remembers a copy of a row of the snapshot or of a later one, and forgets all rows of others.
func (r *Rows[V, R]) Add(version V, id string, row R) {
	row = row.Clone()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.version != version || len(r.rows) >= maxRows {
		r.version, r.rows = version, map[string]R{}
	}
	r.rows[id] = row
}

package sqlite

import (
	"errors"
	"sync"
)

// fileVersion is the header of the WAL index. It is another one after each commit.
type fileVersion [12]uint32

var errNoVersion = errors.New("the WAL index does not tell the version")

// maxRemembered bounds a memory. As many sessions take about 5 MB.
const maxRemembered = 4096

// memory remembers rows by their ids for as long as nothing at all is committed. What it returns is as fresh
// as a query. It is safe for concurrent use.
type memory[T any] struct {
	copy    func(T) T // in memory of its own, so that no caller can change the row of another
	mu      sync.Mutex
	version fileVersion // of all that is known
	known   map[string]T
}

// read returns the row with an id. It calls query if the row is not known, and remembers the result.
func (m *memory[T]) read(index *walIndex, id string, query func() (T, error)) (T, error) {
	version, err := index.version()
	if err != nil {
		return query()
	}
	if row, ok := m.find(version, id); ok {
		return m.copy(row), nil
	}
	row, err := query()
	if err == nil {
		m.add(version, id, m.copy(row))
	}
	return row, err
}

func (m *memory[T]) find(version fileVersion, id string) (row T, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version == version {
		row, ok = m.known[id]
	}
	return row, ok
}

// add remembers a row that was read after the file had the version. The row may be newer, but never older:
// then the file has another version by now, and never has this one again.
func (m *memory[T]) add(version fileVersion, id string, row T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version != version || len(m.known) >= maxRemembered {
		m.version, m.known = version, map[string]T{}
	}
	m.known[id] = row
}

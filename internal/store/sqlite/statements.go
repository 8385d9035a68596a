package sqlite

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"sync"
)

// maxStatements bounds the prepared statements of a pool. The texts are those of this package, of which only
// the lists with filters have several forms.
const maxStatements = 256

// statements are the prepared statements of a pool. SQLite takes much longer to compile a statement than
// to run it. It is safe for concurrent use.
type statements struct {
	db     *sql.DB
	mu     sync.RWMutex
	known  map[string]*sql.Stmt
	wanted map[string]bool // by transactions, which cannot prepare for those after them
}

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, known: map[string]*sql.Stmt{}, wanted: map[string]bool{}}
}

// find returns the prepared statement of a text, or nil.
func (s *statements) find(query string) *sql.Stmt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.known[query]
}

// prepare returns the prepared statement of a text. It returns nil if there are too many.
func (s *statements) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if known := s.find(query); known != nil || s.full() {
		return known, nil
	}
	// Without the mutex, which all reads need: it waits for a connection, and other reads hold those.
	stmt, err := s.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	kept := s.keep(query, stmt)
	if kept != stmt {
		_ = stmt.Close() //nolint:sqlclosecheck // only if another one is used
	}
	return kept, nil
}

// keep remembers the prepared statement of a text. It returns the one to use: another if there is one already, or nil
// if there are too many.
func (s *statements) keep(query string, stmt *sql.Stmt) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.known[query]; known != nil || len(s.known) >= maxStatements {
		return known
	}
	s.known[query] = stmt
	return stmt
}

func (s *statements) full() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.known) >= maxStatements
}

// want remembers a text for prepareWanted.
func (s *statements) want(query string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known)+len(s.wanted) < maxStatements {
		s.wanted[query] = true
	}
}

// prepareWanted prepares the statements that transactions had to run unprepared. It needs a free connection.
// A statement that cannot be prepared stays unprepared.
func (s *statements) prepareWanted(ctx context.Context) {
	s.mu.Lock()
	texts := slices.Collect(maps.Keys(s.wanted))
	clear(s.wanted)
	s.mu.Unlock()
	for _, query := range texts {
		_, _ = s.prepare(ctx, query) //nolint:sqlclosecheck // closed with the pool
	}
}

// QueryContext implements querier: it reads with a prepared statement.
func (s *statements) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := s.prepare(ctx, query) //nolint:sqlclosecheck // closed with the pool
	if err != nil || stmt == nil {
		return s.db.QueryContext(ctx, query, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

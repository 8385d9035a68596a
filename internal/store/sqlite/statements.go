package sqlite

import (
	"context"
	"database/sql"
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
	if known := s.find(query); known != nil {
		return known, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.wanted, query)
	if known := s.known[query]; known != nil || len(s.known) >= maxStatements {
		return known, nil
	}
	stmt, err := s.db.PrepareContext(ctx, query) //nolint:sqlclosecheck // closed with the pool
	if err == nil {
		s.known[query] = stmt
	}
	return stmt, err
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
	var texts []string
	for query := range s.wanted {
		texts = append(texts, query)
	}
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

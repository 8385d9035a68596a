package sqlite

import (
	"context"
	"database/sql"

	"github.com/latchkey-auth/latchkey/internal/store"
)

// Pools returns the state of the connections.
func (s *Store) Pools() []store.Pool {
	return []store.Pool{poolOf("writer", s.writer), poolOf("readers", s.reader)}
}

func poolOf(name string, db *sql.DB) store.Pool {
	stat := db.Stats()
	return store.Pool{
		Name: name, Max: stat.MaxOpenConnections, Open: stat.OpenConnections, InUse: stat.InUse,
		Waits: stat.WaitCount, WaitTime: stat.WaitDuration,
	}
}

// Health returns the version of the library.
func (s *Store) Health(ctx context.Context) (store.Health, error) {
	version, err := queryOne(ctx, s.reader, scanValue[string], `SELECT sqlite_version()`)
	return store.Health{Engine: "SQLite", Version: version}, err
}

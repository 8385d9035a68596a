package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/store"
)

// Pools returns the state of the connection pool.
func (s *Store) Pools() []store.Pool {
	stat := s.pool.Stat()
	return []store.Pool{{
		Name: "postgres", Max: int(stat.MaxConns()), Open: int(stat.TotalConns()), InUse: int(stat.AcquiredConns()),
		Waits: stat.EmptyAcquireCount(), WaitTime: stat.EmptyAcquireWaitTime(),
	}}
}

// Health returns the version and the clock of the server.
func (s *Store) Health(ctx context.Context) (store.Health, error) {
	return queryOne(ctx, s, func(row pgx.CollectableRow) (store.Health, error) {
		h := store.Health{Engine: "PostgreSQL"}
		err := row.Scan(&h.Version, &h.Time)
		h.Time = h.Time.UTC()
		return h, err
	}, `SELECT current_setting('server_version'), clock_timestamp()`)
}

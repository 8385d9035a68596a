package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/outbox"
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

var errRollBack = errors.New("roll back")

// TryWrite writes a row and rolls it back. It returns nil if the database would have kept it.
func (s *Store) TryWrite(ctx context.Context) error {
	job := outbox.New("00000000-0000-8000-8000-000000000000", outbox.Email, nil, time.Unix(0, 0).UTC())
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := enqueue(ctx, tx, job); err != nil {
			return err
		}
		return errRollBack
	})
	if errors.Is(err, errRollBack) {
		return nil
	}
	return err
}

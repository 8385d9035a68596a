package sqlite

import (
	"context"
	"fmt"

	"github.com/pressly/goose/v3"
)

// withProvider implements store.WithProvider. goose has no lock for SQLite.
func (s *Store) withProvider(ctx context.Context, do func(*goose.Provider) error) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, s.writer, s.migrationFiles, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("sqlite: migrate: %w", err)
	}
	if err := s.withFileLock(ctx, func() error { return do(p) }); err != nil {
		return fmt.Errorf("sqlite: migrate: %w", translate(ctx, err))
	}
	return nil
}

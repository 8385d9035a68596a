package sqlite

import (
	"context"
	"fmt"

	"github.com/pressly/goose/v3"

	"github.com/latchkey-auth/latchkey/internal/store"
)

const hasTable = `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1`

// withMigration implements store.WithMigration. goose has no lock for SQLite. The commits of a migration must not come
// between one of the store and what commit does after it.
func (s *Store) withMigration(ctx context.Context, do func(store.Migration) error) error {
	if err := s.lockWriter(ctx); err != nil {
		return fmt.Errorf("sqlite: migrate: %w", translate(ctx, err))
	}
	defer s.unlockWriter()
	p, err := goose.NewProvider(goose.DialectSQLite3, s.writer, s.migrationFiles, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("sqlite: migrate: %w", err)
	}
	migration := store.Migration{Provider: p, DB: s.writer, Files: s.migrationFiles, HasTable: hasTable}
	if err := s.withFileLock(ctx, func() error { return do(migration) }); err != nil {
		return fmt.Errorf("sqlite: migrate: %w", translate(ctx, err))
	}
	return nil
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"

	"github.com/latchkey-auth/latchkey/migrations"
)

// Migration is access to the schema of a database, while the engine's migration lock is held.
type Migration struct {
	*goose.Provider

	DB    *sql.DB
	Files fs.FS // of the migrations that the program knows
	// HasTable is the query that counts the tables with the name $1 in the schema.
	HasTable string
}

// WithMigration calls do with the schema of a database. It holds the engine's migration lock while do runs,
// and translates the errors of the driver.
type WithMigration func(ctx context.Context, do func(Migration) error) error

// Migrator migrates the schema of one database. An engine embeds it to get its methods.
type Migrator struct {
	with WithMigration
}

// NewMigrator returns a Migrator for a database.
func NewMigrator(with WithMigration) Migrator { return Migrator{with} }

// Up applies every pending migration and returns how many it applied. It is safe to call from many
// processes at once: one migrates, the others wait. A schema that is newer than the program is left as it
// is; Up fails if it does not admit the program.
func (m Migrator) Up(ctx context.Context) (applied int, err error) {
	err = m.with(ctx, func(s Migration) error {
		c, err := s.compatibility(ctx)
		if err != nil || c.Schema > c.Program {
			return errors.Join(err, c.Check())
		}
		if c.Schema < c.Program {
			if err := s.recordAdmissions(ctx); err != nil {
				return err
			}
		}
		results, err := s.Up(ctx)
		applied = len(results)
		if partial := (*goose.PartialError)(nil); errors.As(err, &partial) {
			applied = len(partial.Applied)
		}
		return err
	})
	return applied, err
}

// Down rolls back the latest migration. It fails if the program does not know it.
func (m Migrator) Down(ctx context.Context) error {
	return m.with(ctx, func(s Migration) error {
		current, target, err := s.GetVersions(ctx)
		if err != nil {
			return err
		}
		if current > target {
			return fmt.Errorf("the schema has version %d, which only a newer program can roll back, and this program only knows version %d: run a newer program",
				current, target)
		}
		result, err := s.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return errors.New("there is no migration to roll back")
		}
		if err != nil {
			return err
		}
		return s.forgetAdmission(ctx, result.Source.Version)
	})
}

// Status returns the migrations that the program knows, oldest first.
func (m Migrator) Status(ctx context.Context) ([]migrations.Status, error) {
	var list []migrations.Status
	err := m.with(ctx, func(s Migration) error {
		all, err := s.Status(ctx)
		for _, known := range all {
			status := migrations.Status{Version: known.Source.Version, Name: path.Base(known.Source.Path)}
			if known.State == goose.StateApplied {
				status.AppliedAt = known.AppliedAt.UTC()
			}
			list = append(list, status)
		}
		return err
	})
	return list, err
}

// Compatibility returns which programs may run on the schema as it is now.
func (m Migrator) Compatibility(ctx context.Context) (c migrations.Compatibility, err error) {
	err = m.with(ctx, func(s Migration) error {
		c, err = s.compatibility(ctx)
		return err
	})
	return c, err
}

func (s Migration) compatibility(ctx context.Context) (migrations.Compatibility, error) {
	current, target, err := s.GetVersions(ctx)
	c := migrations.Compatibility{Schema: current, Program: target, Oldest: current}
	if err != nil || current == 0 {
		return c, err
	}
	recorded, err := s.hasAdmissions(ctx)
	if err != nil || !recorded {
		return c, err
	}
	err = s.DB.QueryRowContext(ctx, fmt.Sprintf(`SELECT admits FROM schema_versions WHERE version = %d`, current)).Scan(&c.Oldest)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return c, err
}

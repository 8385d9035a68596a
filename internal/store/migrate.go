package store

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/pressly/goose/v3"

	"github.com/latchkey-auth/latchkey/migrations"
)

// WithProvider calls do with the goose provider of a database. It holds the engine's migration lock
// while do runs, and translates the errors of the driver.
type WithProvider func(ctx context.Context, do func(*goose.Provider) error) error

// Migrator migrates the schema of one database. An engine embeds it to get Up, Down and Status.
type Migrator struct {
	withProvider WithProvider
}

// NewMigrator returns a Migrator for the database of a provider.
func NewMigrator(withProvider WithProvider) Migrator { return Migrator{withProvider} }

// Up applies every pending migration and returns how many it applied. It is safe to call from many
// processes at once: one migrates, the others wait. It fails if the schema is newer than the program.
func (m Migrator) Up(ctx context.Context) (applied int, err error) {
	err = m.run(ctx, func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		applied = len(results)
		if partial := (*goose.PartialError)(nil); errors.As(err, &partial) {
			applied = len(partial.Applied)
		}
		return err
	})
	return applied, err
}

// Down rolls back the latest migration.
func (m Migrator) Down(ctx context.Context) error {
	return m.run(ctx, func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return errors.New("there is no migration to roll back")
		}
		return err
	})
}

// Status returns the migrations that the program knows, oldest first.
func (m Migrator) Status(ctx context.Context) ([]migrations.Status, error) {
	var list []migrations.Status
	err := m.run(ctx, func(p *goose.Provider) error {
		all, err := p.Status(ctx)
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

// run calls do unless the schema is newer than the program.
func (m Migrator) run(ctx context.Context, do func(*goose.Provider) error) error {
	return m.withProvider(ctx, func(p *goose.Provider) error {
		current, target, err := p.GetVersions(ctx)
		if err != nil {
			return err
		}
		if current > target {
			return fmt.Errorf("the schema has version %d, but this program only knows version %d: run a newer program", current, target)
		}
		return do(p)
	})
}

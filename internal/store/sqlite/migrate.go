package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/pressly/goose/v3"

	"github.com/latchkey-auth/latchkey/migrations"
)

// Up applies every pending migration and says how many. Many processes may call it at once: one
// works, the others wait for it. A schema newer than this program is an error.
func (s *Store) Up(ctx context.Context) (applied int, err error) {
	err = s.migrate(ctx, func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		applied = len(results)
		if partial := (*goose.PartialError)(nil); errors.As(err, &partial) {
			applied = len(partial.Applied)
		}
		return err
	})
	return applied, err
}

// Down takes the last migration back.
func (s *Store) Down(ctx context.Context) error {
	return s.migrate(ctx, func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return errors.New("there is no migration to take back")
		}
		return err
	})
}

// Status lists the migrations this program knows, oldest first.
func (s *Store) Status(ctx context.Context) ([]migrations.Status, error) {
	var list []migrations.Status
	err := s.migrate(ctx, func(p *goose.Provider) error {
		all, err := p.Status(ctx)
		for _, m := range all {
			st := migrations.Status{Version: m.Source.Version, Name: path.Base(m.Source.Path)}
			if m.State == goose.StateApplied {
				st.AppliedAt = m.AppliedAt.UTC()
			}
			list = append(list, st)
		}
		return err
	})
	return list, err
}

// migrate lends a provider while no other process migrates. goose has no lock for SQLite.
func (s *Store) migrate(ctx context.Context, do func(*goose.Provider) error) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, s.writer, s.steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("sqlite: migrate: %w", err)
	}
	err = s.locked(ctx, func() error {
		current, target, err := p.GetVersions(ctx)
		if err != nil {
			return err
		}
		if current > target {
			return fmt.Errorf("the schema has version %d, this program knows %d: run a newer program", current, target)
		}
		return do(p)
	})
	if err != nil {
		return fmt.Errorf("sqlite: migrate: %w", translate(ctx, err))
	}
	return nil
}

package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

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

// migrate lends a provider on a connection of its own: the pool may be small or busy, and its
// limits are too short for work on the schema.
func (s *Store) migrate(ctx context.Context, do func(*goose.Provider) error) error {
	config := s.pool.Config().ConnConfig
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["lock_timeout"] = "3s"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(noticeDeath))
	defer db.Close()

	p, err := s.provider(ctx, db)
	if err != nil {
		return fmt.Errorf("postgres: migrate: %w", translate(err))
	}
	current, target, err := p.GetVersions(ctx)
	switch {
	case err != nil:
	case current > target:
		err = fmt.Errorf("the schema has version %d, this program knows %d: run a newer program", current, target)
	default:
		err = do(p)
	}
	if err != nil {
		return fmt.Errorf("postgres: migrate: %w", translate(err))
	}
	return nil
}

// Advisory locks belong to a whole database: schemas in one database must not wait for each other.
const lockID = `SELECT hashtextextended('latchkey migrations of ' || current_schema(), 0)`

func (s *Store) provider(ctx context.Context, db *sql.DB) (*goose.Provider, error) {
	var id sql.NullInt64
	if err := db.QueryRowContext(ctx, lockID).Scan(&id); err != nil {
		return nil, err
	}
	if !id.Valid {
		return nil, errors.New("no schema of the search_path exists")
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(id.Int64), lock.WithLockTimeout(1, 120))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, s.steps,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

// noticeDeath lets the server notice within seconds that a migrating process was killed, instead
// of going on and keeping its locks. PostgreSQL 13 cannot.
func noticeDeath(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('client_connection_check_interval', '2s', false)
		WHERE current_setting('server_version_num')::int >= 140000`)
	return err
}

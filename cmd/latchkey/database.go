package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/statistics"
	"github.com/latchkey-auth/latchkey/internal/store"
	"github.com/latchkey-auth/latchkey/internal/store/postgres"
	"github.com/latchkey-auth/latchkey/internal/store/sqlite"
	"github.com/latchkey-auth/latchkey/internal/throttle"
	"github.com/latchkey-auth/latchkey/migrations"
)

// database has everything that both engines implement.
type database interface {
	accountStores
	oauthStores
	audit.Store
	outbox.Store
	throttle.Store
	hook.Store
	statistics.Store
	monitor
	schema
	Close() error
}

var (
	_ database = (*postgres.Store)(nil)
	_ database = (*sqlite.Store)(nil)
)

type accountStores interface {
	account.UserStore
	account.RoleStore
	account.OneTimeTokenStore
}

type oauthStores interface {
	oauth.ClientStore
	oauth.SessionStore
	oauth.EndedSessionStore
	keyring.Store
}

// monitor tells how a database is.
type monitor interface {
	outbox.Monitor
	// Pools returns the state of the connections.
	Pools() []store.Pool
	// Health returns what the database says about itself.
	Health(ctx context.Context) (store.Health, error)
}

// schema migrates the tables of a database.
type schema interface {
	// Up applies all pending migrations and returns their number. Any number of processes may call
	// it at once.
	Up(ctx context.Context) (int, error)
	// Down rolls the last migration back.
	Down(ctx context.Context) error
	// Status returns all migrations, applied and pending.
	Status(ctx context.Context) ([]migrations.Status, error)
	// Compatibility returns which programs may run on the schema.
	Compatibility(ctx context.Context) (migrations.Compatibility, error)
	store.Keeper
}

// openDatabase opens the configured engine and leaves the schema as it is.
func openDatabase(ctx context.Context, settings config.Database) (database, error) {
	path := settings.SQLitePath()
	if path == "" {
		db, err := postgres.Open(ctx, settings.URL, postgres.Options{Tracer: queryTracerOf(ctx)})
		if err != nil {
			return nil, fmt.Errorf("%w; check LATCHKEY_DATABASE_URL", err)
		}
		return db, nil
	}
	if err := makePrivateDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, path)
}

// makePrivateDir creates a directory that only its owner may read.
func makePrivateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot create the data directory: %w; set LATCHKEY_DATA_DIR to a writable directory", err)
	}
	return nil
}

// openMigrated opens the configured engine, unless its data has been lost, and applies all pending
// migrations.
func openMigrated(ctx context.Context, settings config.Database) (database, error) {
	if err := checkPresent(settings); err != nil {
		return nil, err
	}
	db, err := openDatabase(ctx, settings)
	if err != nil {
		return nil, explainDamage(settings, err)
	}
	if err := checkAndMigrate(ctx, settings, db); err != nil {
		return nil, errors.Join(explainDamage(settings, err), db.Close())
	}
	return db, nil
}

// checkAndMigrate leaves a database as it is that is not the one of the state file.
func checkAndMigrate(ctx context.Context, settings config.Database, db database) error {
	if err := checkState(ctx, settings, db); err != nil {
		return err
	}
	applied, err := db.Up(ctx)
	if postgres.IsDuplicateTable(err) {
		return fmt.Errorf("%w; give Latchkey a database of its own, or run `latchkey migrate adopt` if the tables are those of Full Stack Book", err)
	}
	if err != nil || applied == 0 {
		return err
	}
	return checkpoint(ctx, db)
}

// createDatabase makes sure that there is a SQLite file, for a command that may be the first to be run. It says so
// if it creates one: the command may have been run in the wrong directory.
func createDatabase(ctx context.Context, settings config.Database, std stdio) error {
	if err := requireDatabase(&settings); !errors.Is(err, errNoDatabase) {
		return err
	}
	return withOpen(ctx, &settings, openMigrated, func(database) error {
		_, _ = fmt.Fprintf(std.err, "created the database %s; if the service already has one, delete this one and run the command in its directory\n",
			settings.SQLitePath())
		return nil
	})
}

// withDatabase checks the settings, opens and migrates a database that exists, runs work and closes the
// database. Audit events of work name the operator as their actor.
func withDatabase(ctx context.Context, settings config.Database, work func(context.Context, database) error) error {
	if err := requireDatabase(&settings); err != nil {
		return err
	}
	return withOpen(ctx, &settings, openMigrated, func(db database) error {
		return readable(work(audit.ByOperator(ctx), db))
	})
}

// withSchema is withDatabase without migrating.
func withSchema(ctx context.Context, settings config.Database, work func(schema) error) error {
	return withOpen(ctx, &settings, openDatabase, func(db database) error { return work(db) })
}

// withOpen resolves the settings in place, so that work sees them.
func withOpen(ctx context.Context, settings *config.Database,
	open func(context.Context, config.Database) (database, error), work func(database) error,
) error {
	if err := settings.Resolve(); err != nil {
		return settingsError{err}
	}
	db, err := open(ctx, *settings)
	if err != nil {
		return err
	}
	return errors.Join(work(db), db.Close())
}

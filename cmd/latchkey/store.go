package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/store/postgres"
	"github.com/latchkey-auth/latchkey/internal/store/sqlite"
	"github.com/latchkey-auth/latchkey/internal/throttle"
	"github.com/latchkey-auth/latchkey/migrations"
)

// database is what both engines are.
type database interface {
	account.Store
	oauth.ClientStore
	oauth.SessionStore
	oauth.KeyStore
	throttle.Store
	hook.Store
	outbox.Store
	// Up applies all migrations that are missing and gives their number. Any number of processes
	// may call it at once.
	Up(ctx context.Context) (int, error)
	// Down takes the last migration back.
	Down(ctx context.Context) error
	// Status lists all migrations.
	Status(ctx context.Context) ([]migrations.Status, error)
	Close() error
}

// openDatabase opens the configured engine, without touching the schema.
func openDatabase(ctx context.Context, settings config.Database) (database, error) {
	path := settings.SQLitePath()
	if path == "" {
		db, err := postgres.Open(ctx, settings.URL, postgres.Options{})
		if err != nil {
			return nil, fmt.Errorf("%w; see LATCHKEY_DATABASE_URL", err)
		}
		return db, nil
	}
	if err := makePrivateDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, path)
}

// makePrivateDir makes a directory that holds secrets.
func makePrivateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the data directory cannot be made: %w; set LATCHKEY_DATA_DIR to one that can", err)
	}
	return nil
}

// openMigrated opens the configured engine and brings its schema up to date.
func openMigrated(ctx context.Context, settings config.Database) (database, error) {
	db, err := openDatabase(ctx, settings)
	if err != nil {
		return nil, err
	}
	if _, err := db.Up(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// withDatabase runs a command on the checked and migrated database.
func withDatabase(ctx context.Context, settings config.Database, work func(db database) error) error {
	if err := settings.Resolve(); err != nil {
		return settingsError{err}
	}
	db, err := openMigrated(ctx, settings)
	if err != nil {
		return err
	}
	return errors.Join(work(db), db.Close())
}

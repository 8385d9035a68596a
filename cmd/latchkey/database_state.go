package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store"
	"github.com/latchkey-auth/latchkey/internal/store/sqlite"
)

// This file compares the database with its state file, so that a database that was lost, replaced or
// damaged is not served as an empty one.

// readState returns the zero State if no file is configured.
func readState(settings config.Database) (store.State, error) {
	if settings.StateFile == "" {
		return store.State{}, nil
	}
	return store.ReadState(settings.StateFile)
}

// checkPresent returns an error if a SQLite file that had data is gone. It creates nothing.
func checkPresent(settings config.Database) error {
	path := settings.SQLitePath()
	if path == "" {
		return nil
	}
	state, err := readState(settings)
	if err != nil {
		return err
	}
	empty, err := sqlite.IsEmpty(path)
	if err != nil || !empty {
		return err
	}
	return refuse(settings, state.CheckMissing())
}

// requireDatabase resolves the settings and returns an error if there is no SQLite file: in the wrong directory, a command
// would make an empty one and find nothing in it.
func requireDatabase(settings *config.Database) error {
	if err := settings.Resolve(); err != nil {
		return settingsError{err}
	}
	path := settings.SQLitePath()
	if path == "" {
		return nil
	}
	if empty, err := sqlite.IsEmpty(path); err != nil || !empty {
		return err
	}
	if err := checkPresent(*settings); err != nil {
		return err
	}
	return fmt.Errorf("%w %s: run the command in the directory of the service, set LATCHKEY_DATA_DIR or LATCHKEY_DATABASE_URL, "+
		"or create one with `latchkey serve` or `latchkey migrate up`", errNoDatabase, path)
}

// errNoDatabase is the error of a SQLite file that does not exist and that no state file knows.
var errNoDatabase = errors.New("there is no database")

// checkState returns an error if the database is not the one of the state file or has lost data. Its tables may be
// missing: a database with a state had an id.
func checkState(ctx context.Context, settings config.Database, db database) error {
	state, err := readState(settings)
	if err != nil || !state.Known() {
		return err
	}
	instance, err := db.Instance(ctx)
	switch {
	case err == nil:
		return refuse(settings, state.Check(instance))
	case errors.Is(err, fault.ErrUnavailable), sqlite.IsDamaged(err):
		return err
	default:
		return refuse(settings, fmt.Errorf("its id cannot be read: %w", err))
	}
}

// errRefused is the error of a database whose state is not the expected one.
var errRefused = errors.New("the database is refused")

// refuse adds to an error of the state which database it is about and what the operator can do.
func refuse(settings config.Database, err error) error {
	if err == nil {
		return nil
	}
	path := settings.SQLitePath()
	if path == "" {
		return fmt.Errorf("%w: %w; check LATCHKEY_DATABASE_URL, restore a backup, or run `latchkey migrate accept` to go on with this one (recorded in %s)",
			errRefused, err, settings.StateFile)
	}
	return fmt.Errorf("%w: %s: %w; put the file back together with its -wal file, restore a backup with `latchkey restore FILE`, or run `latchkey migrate accept` to go on with what is there (recorded in %s)",
		errRefused, path, err, settings.StateFile)
}

// explainDamage adds what to do to the error of a damaged file.
func explainDamage(settings config.Database, err error) error {
	if !sqlite.IsDamaged(err) {
		return err
	}
	return fmt.Errorf("the database %s is damaged: %w; restore a backup with `latchkey restore FILE`", settings.SQLitePath(), err)
}

// checkpoint writes the log of SQLite into its main file. PostgreSQL does that by itself.
func checkpoint(ctx context.Context, db database) error {
	if file, ok := db.(*sqlite.Store); ok {
		return file.Checkpoint(ctx)
	}
	return nil
}

// stateWriter keeps the state file of the running service up to date.
type stateWriter struct {
	path string
	db   database
	last store.State
}

// write records the state of the database, unless it is recorded already.
func (w *stateWriter) write(ctx context.Context, running bool) error {
	if w.path == "" {
		return nil
	}
	instance, err := w.db.Instance(ctx)
	if err != nil {
		return err
	}
	return w.record(instance, running)
}

// record writes the state file, unless it says so already.
func (w *stateWriter) record(instance store.Instance, running bool) error {
	state := store.State{InstanceID: instance.ID, Changes: instance.Changes, Running: running, At: w.last.At}
	if state == w.last {
		return nil
	}
	state.At = time.Now().UTC().Truncate(time.Second)
	if err := state.Write(w.path); err != nil {
		return err
	}
	w.last = state
	return nil
}

// keep is a background task: it brings changes into the main file of the database, and then records them.
func (w *stateWriter) keep(ctx context.Context) error {
	if w.path == "" {
		return checkpoint(ctx, w.db)
	}
	instance, err := w.db.Instance(ctx)
	if err != nil {
		return err
	}
	return errors.Join(checkpoint(ctx, w.db), w.record(instance, true))
}

// acceptState records the database as it is in the state file, whatever it said before, and returns what it recorded.
func acceptState(ctx context.Context, settings config.Database, db database) (store.Instance, error) {
	instance, err := db.Instance(ctx)
	if err != nil {
		return store.Instance{}, err
	}
	writer := &stateWriter{path: settings.StateFile}
	return instance, writer.record(instance, false)
}

// forgetState removes the state file after a rollback that removed the id of the database.
func forgetState(ctx context.Context, settings config.Database, db schema) error {
	if settings.StateFile == "" {
		return nil
	}
	if _, err := db.Instance(ctx); err == nil {
		return nil
	}
	if err := os.Remove(settings.StateFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

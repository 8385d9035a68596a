package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store/postgres"
	"github.com/latchkey-auth/latchkey/internal/store/sqlite"
)

// servedDatabase is the database of the running service.
type servedDatabase struct {
	database
	lock  *sqlite.ServiceLock // nil for PostgreSQL
	state *stateWriter
	log   *slog.Logger
}

// openServed opens the database for the service: it takes the lock of the file, waits for a server that
// is away, compares the database with its state file, and checks it after a crash. It calls waiting
// before it waits.
func openServed(ctx context.Context, settings config.Serve, log *slog.Logger, waiting func()) (*servedDatabase, error) {
	if err := checkPresent(settings.Database); err != nil {
		return nil, err
	}
	served := &servedDatabase{log: log}
	crashed, err := served.lockFile(settings.Database)
	if err != nil {
		return nil, err
	}
	if served.database, err = waitForDatabase(ctx, settings, log, waiting); err != nil {
		return nil, errors.Join(err, served.unlock())
	}
	if crashed {
		err = checkAfterCrash(ctx, settings.Database, served.database, log)
	}
	if err == nil {
		served.state = &stateWriter{path: settings.StateFile, db: served.database}
		err = served.state.write(ctx, true)
	}
	if err != nil {
		return nil, errors.Join(err, served.database.Close(), served.unlock())
	}
	return served, nil
}

// lockFile takes the lock of a SQLite file, and reports whether its last service did not close it.
func (s *servedDatabase) lockFile(settings config.Database) (crashed bool, err error) {
	path := settings.SQLitePath()
	if path == "" {
		return false, nil
	}
	state, err := readState(settings)
	if err != nil {
		return false, err
	}
	if err := makePrivateDir(filepath.Dir(path)); err != nil {
		return false, err
	}
	s.lock, err = sqlite.LockService(path)
	return state.Running || sqlite.Unclean(path), err
}

func (s *servedDatabase) unlock() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Release()
}

// Close records that the service has ended and closes the database.
func (s *servedDatabase) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := s.state.write(ctx, false); err != nil {
		s.log.WarnContext(ctx, "the state of the database was not recorded", "error", err)
	}
	return errors.Join(s.database.Close(), s.unlock())
}

// failFast tells the database that clients wait from now on.
func (s *servedDatabase) failFast() {
	if server, ok := s.database.(*postgres.Store); ok {
		server.FailFast()
	}
}

const (
	closeTimeout = 3 * time.Second  // to record the state when the service ends
	checkTimeout = 10 * time.Second // for the check of the database after a crash
	minRetry     = 250 * time.Millisecond
	maxRetry     = 3 * time.Second
)

// checkAfterCrash checks the consistency of a SQLite file. A file that is too large to be read within
// checkTimeout is used without having been checked to its end.
func checkAfterCrash(ctx context.Context, settings config.Database, db database, log *slog.Logger) error {
	file, ok := db.(*sqlite.Store)
	if !ok {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	err := file.QuickCheck(bounded)
	if bounded.Err() != nil && ctx.Err() == nil {
		log.WarnContext(ctx, "the database was not closed by its last service, and is too large to be checked at start", "timeout", checkTimeout)
		return nil
	}
	if err == nil {
		log.InfoContext(ctx, "the database was not closed by its last service; it has been checked")
	}
	return explainDamage(settings, err)
}

// waitForDatabase opens and migrates the database. While a PostgreSQL server is away it tries again, ever
// less often, for at most settings.DatabaseWait.
func waitForDatabase(ctx context.Context, settings config.Serve, log *slog.Logger, waiting func()) (database, error) {
	deadline := time.Now().Add(settings.DatabaseWait)
	for retry := minRetry; ; retry = min(2*retry, maxRetry) {
		db, err := openMigrated(ctx, settings.Database)
		if err == nil || settings.DatabaseWait == 0 || settings.SQLitePath() != "" || !worthWaiting(err) {
			return db, err
		}
		waiting()
		pause := retry*3/4 + rand.N(retry/2) //nolint:gosec // spreads the load; not a secret
		if time.Now().Add(pause).After(deadline) {
			return nil, fmt.Errorf("%w (waited %v; see LATCHKEY_DATABASE_WAIT)", err, settings.DatabaseWait)
		}
		log.WarnContext(ctx, "the database is unavailable, waiting", "error", err, "retry_in", pause.Round(time.Millisecond))
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}

// worthWaiting reports whether an error of the database may go away by itself.
func worthWaiting(err error) bool {
	return errors.Is(err, fault.ErrUnavailable) && !postgres.IsRefusal(err)
}

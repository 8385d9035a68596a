package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// lockWait is how long a process waits for another that changes the schema.
const lockWait = time.Minute

var lockSettings = url.Values{"_txlock": {"exclusive"}, "_busy_timeout": {"100"}}

// locked runs do while no other process does. The lock is SQLite's own, on an empty database beside
// the file, because the system frees it when a process is killed, and it is the same everywhere.
func (s *Store) locked(ctx context.Context, do func() error) error {
	if err := touch(s.path + ".lock"); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(s.path+".lock", lockSettings))
	if err != nil {
		return err
	}
	defer db.Close()
	waiting, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for {
		// Without ctx: its end must not free the lock before do has noticed it.
		tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
		if err == nil {
			return errors.Join(do(), tx.Rollback())
		}
		if !busy(err) {
			return err
		}
		if waiting.Err() != nil {
			return fmt.Errorf("waiting for another process that changes the schema: %w", waiting.Err())
		}
	}
}

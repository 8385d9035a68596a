package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// fileLockTimeout is how long a process waits while another one migrates the schema.
const fileLockTimeout = time.Minute

// withFileLock runs do while no other process does. It locks an empty SQLite database next to the file:
// such a lock works on every system, and the system releases it when the process is killed.
func (s *Store) withFileLock(ctx context.Context, do func() error) error {
	if err := createFile(s.path + ".lock"); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(s.path+".lock", lockFileSettings))
	if err != nil {
		return err
	}
	defer db.Close()
	waitCtx, cancel := context.WithTimeout(ctx, fileLockTimeout)
	defer cancel()
	for {
		// Without ctx: if it is canceled, the lock must not be released before do returns.
		tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
		if err == nil {
			return errors.Join(do(), tx.Rollback())
		}
		if !isBusy(err) {
			return err
		}
		if waitCtx.Err() != nil {
			return fmt.Errorf("waiting for another process that migrates the schema: %w", waitCtx.Err())
		}
	}
}

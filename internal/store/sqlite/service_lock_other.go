//go:build !linux

package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// lockFile locks an empty SQLite database beside the file. On other systems than Linux, locks of one
// file exclude each other, so that a lock on the file itself would exclude SQLite. A hard link has
// another name, so that it is not noticed here.
func lockFile(path string) (release func() error, holder int, err error) {
	if err := createFile(path + ".service"); err != nil {
		return nil, 0, err
	}
	db, err := sql.Open("sqlite", dsn(path+".service", lockFileSettings))
	if err != nil {
		return nil, 0, err
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if isBusy(err) {
		err = errLocked
	}
	if err != nil {
		return nil, 0, errors.Join(err, db.Close())
	}
	return func() error { return errors.Join(tx.Rollback(), db.Close()) }, 0, nil
}

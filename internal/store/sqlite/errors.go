package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// translate turns driver errors into domain errors. It returns other errors unchanged, and also domain errors,
// which may wrap a driver error. SQLite does not report which of two values is taken, so methods that must know
// read before they write.
func translate(ctx context.Context, err error) error {
	if errors.As(err, new(*fault.Error)) {
		return err
	}
	if code(err) == sqlite3.SQLITE_INTERRUPT && ctx.Err() != nil {
		err = ctx.Err() // the driver only interrupts a statement for its context
	}
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return fault.ErrNotFound
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
		return fault.ErrUnavailable.Wrap(err)
	}
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fault.ErrAlreadyExists.Wrap(err)
	}
	switch primaryCode(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		return fault.ErrUnavailable.Wrap(err)
	}
	return err
}

// code returns the extended result code of SQLite, or 0.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// primaryCode returns the result code without its extension.
func primaryCode(err error) int { return code(err) & 0xff }

func isBusy(err error) bool { return primaryCode(err) == sqlite3.SQLITE_BUSY }

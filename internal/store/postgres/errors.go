package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// SQLSTATE codes (PostgreSQL documentation, appendix A).
const (
	uniqueViolation        = "23505"
	foreignKeyViolation    = "23503"
	characterNotRepertoire = "22021"
	readOnlyTransaction    = "25006"
	duplicateTable         = "42P07"
)

// translate turns driver errors into domain errors. It returns other errors unchanged, and also domain errors,
// which may wrap a driver error.
func translate(err error) error {
	switch {
	case err == nil, errors.As(err, new(*fault.Error)), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return fault.ErrNotFound.Wrap(err)
	case unavailable(err):
		return fault.ErrUnavailable.Wrap(err)
	}
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return err
	}
	switch pgErr.Code {
	case uniqueViolation:
		return takenError(pgErr.ConstraintName).Wrap(err)
	case foreignKeyViolation: // the referenced row has been deleted in the meantime
		if pgErr.ConstraintName == "users_to_roles_role_id_fkey" {
			return account.ErrUnknownRole.Wrap(err)
		}
		return fault.ErrNotFound.Wrap(err)
	case characterNotRepertoire: // no row holds NUL or invalid UTF-8, so a query for it finds nothing
		return fault.ErrNotFound.Wrap(err)
	}
	return err
}

// takenError returns the error for the unique constraint that a new row violates.
func takenError(constraint string) *fault.Error {
	switch constraint {
	case "users_username_key":
		return account.ErrUsernameTaken
	case "users_email_key":
		return account.ErrEmailTaken
	default:
		return fault.ErrAlreadyExists
	}
}

// unavailable reports whether the database could not be reached or did not finish in time.
func unavailable(err error) bool {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		switch pgErr.Code {
		case "57P01", "57P02", "57P03", // shutting down, crashed, starting
			"57014", "55P03", // statement_timeout, lock_timeout
			"40001", "40P01", // serialization failure, deadlock
			readOnlyTransaction:
			return true
		}
		return strings.HasPrefix(pgErr.Code, "08") || strings.HasPrefix(pgErr.Code, "53") // connection, resources
	}
	var connectErr *pgconn.ConnectError
	var networkErr net.Error
	return errors.As(err, &connectErr) || errors.As(err, &networkErr) || pgconn.SafeToRetry(err) ||
		isAny(err, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, pgconn.ErrConnClosed)
}

func isAny(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// emptyIfNotFound returns nil for ErrNotFound: a list of rows with a text that no column can hold is
// empty.
func emptyIfNotFound(err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	return err
}

// code returns the SQLSTATE of err, or the empty string.
func code(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}

// IsDuplicateTable reports whether err means that a table to be created exists already.
func IsDuplicateTable(err error) bool { return code(err) == duplicateTable }

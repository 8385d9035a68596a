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
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// SQLSTATE codes (PostgreSQL documentation, appendix A).
const (
	uniqueViolation     = "23505"
	foreignKeyViolation = "23503"
	notInRepertoire     = "22021"
	readOnlyTransaction = "25006"
)

// translate makes driver errors the domain's. What it does not know it leaves as it is.
func translate(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return account.ErrNotFound.Wrap(err)
	case unavailable(err):
		return account.ErrUnavailable.Wrap(err)
	}
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return err
	}
	switch pgErr.Code {
	case uniqueViolation:
		return taken(pgErr.ConstraintName).Wrap(err)
	case foreignKeyViolation: // the row that was referred to has been deleted meanwhile
		if pgErr.ConstraintName == "users_to_roles_role_id_fkey" {
			return account.ErrUnknownRole.Wrap(err)
		}
		return account.ErrNotFound.Wrap(err)
	case notInRepertoire: // no text can hold NUL or invalid UTF-8, so nothing is found by it
		return account.ErrNotFound.Wrap(err)
	}
	return err
}

// taken says which value is in use.
func taken(constraint string) *account.Error {
	switch constraint {
	case "users_username_key":
		return account.ErrUsernameTaken
	case "users_email_key":
		return account.ErrEmailTaken
	default:
		return oauth.ErrExists
	}
}

// unavailable says whether the fault lies in reaching the database, or in its having no time.
func unavailable(err error) bool {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		switch pgErr.Code {
		case "57P01", "57P02", "57P03", // shut down, crashed, starting
			"57014", "55P03", // statement_timeout, lock_timeout
			"40001", "40P01", // serialization failure, deadlock
			readOnlyTransaction:
			return true
		}
		return strings.HasPrefix(pgErr.Code, "08") || strings.HasPrefix(pgErr.Code, "53") // connection, resources
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
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

// code is the SQLSTATE of err, or empty.
func code(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}

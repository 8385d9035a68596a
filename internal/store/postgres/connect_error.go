package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// connectError is the error of Open when the database cannot be reached. Its text is one line.
type connectError struct {
	hosts string
	cause error
}

func (e *connectError) Error() string {
	return fmt.Sprintf("postgres: cannot connect to %s: %s", e.hosts, shortMessage(e.cause))
}

func (e *connectError) Unwrap() []error { return []error{fault.ErrUnavailable, e.cause} }

// shortMessage returns the first line of the cause of a connection error, without what the driver
// writes around it.
func shortMessage(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Message
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "timed out"
	}
	line, _, _ := strings.Cut(rootCause(err).Error(), "\n")
	return line
}

// rootCause returns the innermost error. Of a list of errors it follows the last, which belongs to the
// last host.
func rootCause(err error) error {
	switch wrapped := err.(type) { //nolint:errorlint // this unwraps one step at a time
	case interface{ Unwrap() []error }:
		if all := wrapped.Unwrap(); len(all) > 0 {
			return rootCause(all[len(all)-1])
		}
	case interface{ Unwrap() error }:
		if inner := wrapped.Unwrap(); inner != nil {
			return rootCause(inner)
		}
	}
	return err
}

// IsRefusal reports whether err means that the server does not accept the user, the password or the
// connection as such, or that its certificate is invalid. Waiting does not help then, as it may when a
// server is starting or a database has not been created yet.
func IsRefusal(err error) bool {
	var certificate *tls.CertificateVerificationError
	return strings.HasPrefix(code(err), "28") || errors.As(err, &certificate)
}

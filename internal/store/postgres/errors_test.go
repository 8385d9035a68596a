package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// serverError returns an error of the server, as the driver returns it.
func serverError(code, constraint string) error {
	return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code, ConstraintName: constraint})
}

func TestTranslateServerErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code, constraint string
		want             error
	}{
		"username taken":       {"23505", "users_username_key", account.ErrUsernameTaken},
		"email taken":          {"23505", "users_email_key", account.ErrEmailTaken},
		"other key":            {"23505", "clients_pkey", fault.ErrAlreadyExists},
		"role deleted":         {"23503", "users_to_roles_role_id_fkey", account.ErrUnknownRole},
		"user deleted":         {"23503", "sessions_user_id_fkey", fault.ErrNotFound},
		"NUL in a text":        {"22021", "", fault.ErrNotFound},
		"server shutting down": {"57P01", "", fault.ErrUnavailable},
		"server crashed":       {"57P02", "", fault.ErrUnavailable},
		"server starting":      {"57P03", "", fault.ErrUnavailable},
		"statement timeout":    {"57014", "", fault.ErrUnavailable},
		"lock timeout":         {"55P03", "", fault.ErrUnavailable},
		"deadlock":             {"40P01", "", fault.ErrUnavailable},
		"primary demoted":      {"25006", "", fault.ErrUnavailable},
		"connection failure":   {"08006", "", fault.ErrUnavailable},
		"too many connections": {"53300", "", fault.ErrUnavailable},
	} {
		require.ErrorIs(t, translate(serverError(test.code, test.constraint)), test.want, name)
	}
}

func TestTranslateDriverErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ err, want error }{
		"no rows":           {fmt.Errorf("wrapped: %w", pgx.ErrNoRows), fault.ErrNotFound},
		"network":           {&net.OpError{Op: "read", Err: errors.New("reset")}, fault.ErrUnavailable},
		"connection closed": {fmt.Errorf("wrapped: %w", io.ErrUnexpectedEOF), fault.ErrUnavailable},
		"deadline":          {fmt.Errorf("wrapped: %w", context.DeadlineExceeded), fault.ErrUnavailable},
		"canceled":          {fmt.Errorf("wrapped: %w", context.Canceled), context.Canceled},
	} {
		require.ErrorIs(t, translate(test.err), test.want, name)
	}
	require.NoError(t, translate(nil))
}

// TestTranslateDomainErrors checks that a domain error stays what it is, whatever its cause.
func TestTranslateDomainErrors(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		translate(context.DeadlineExceeded),
		account.ErrUnknownRole.Wrap(pgx.ErrNoRows),
		fmt.Errorf("wrapped: %w", fault.ErrNotFound.Wrap(serverError("57014", ""))),
	} {
		require.Equal(t, err, translate(err))
	}
}

// TestTranslateBugs checks that an error in our SQL does not become a domain error, which would blame
// the caller.
func TestTranslateBugs(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"42601", "23502", "22P02"} {
		var domainErr *fault.Error
		require.NotErrorAs(t, translate(serverError(code, "")), &domainErr, code)
	}
}

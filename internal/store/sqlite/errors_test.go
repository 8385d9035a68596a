package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// failingQuery returns the driver's error of a statement that must fail.
func failingQuery(t *testing.T, s *Store, query string) error {
	t.Helper()
	_, err := s.writer.ExecContext(t.Context(), query)
	var driverErr *sqlite.Error
	require.ErrorAs(t, err, &driverErr)
	return err
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	for name, test := range map[string]struct{ err, want error }{
		"no rows":        {fmt.Errorf("wrapped: %w", sql.ErrNoRows), fault.ErrNotFound},
		"unique":         {failingQuery(t, s, `INSERT INTO roles (name, scopes) VALUES ('ROLE_USER', '[]')`), fault.ErrAlreadyExists},
		"primary key":    {failingQuery(t, s, `INSERT INTO roles (id, name, scopes) VALUES (1, 'x', '[]')`), fault.ErrAlreadyExists},
		"deadline":       {context.DeadlineExceeded, fault.ErrUnavailable},
		"bad connection": {driver.ErrBadConn, fault.ErrUnavailable},
		"canceled":       {fmt.Errorf("wrapped: %w", context.Canceled), context.Canceled},
	} {
		require.ErrorIs(t, translate(t.Context(), test.err), test.want, name)
	}
	require.NoError(t, translate(t.Context(), nil))
}

// TestTranslateDomainErrors checks that a domain error stays what it is, whatever its cause.
func TestTranslateDomainErrors(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		translate(t.Context(), context.DeadlineExceeded),
		account.ErrUnknownRole.Wrap(sql.ErrNoRows),
		fmt.Errorf("wrapped: %w", fault.ErrNotFound.Wrap(driver.ErrBadConn)),
	} {
		require.Equal(t, err, translate(t.Context(), err))
	}
}

// TestTranslateBugs checks that an error in our SQL does not become a domain error, which would blame
// the caller.
func TestTranslateBugs(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	for _, query := range []string{
		`nonsense`, `INSERT INTO roles (name, scopes) VALUES ('x', 'not json')`, `INSERT INTO roles (name, scopes) VALUES (NULL, '[]')`,
		`INSERT INTO users_to_roles (user_id, role_id) VALUES ('no-such-user', 1)`,
	} {
		var domainErr *fault.Error
		require.NotErrorAs(t, translate(t.Context(), failingQuery(t, s, query)), &domainErr, query)
	}
}

// TestCancelRunningStatement ends the context while a statement runs.
func TestCancelRunningStatement(t *testing.T) {
	t.Parallel()
	const endless = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n`
	s := openMigrated(t, newPath(t))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := queryOne(ctx, s.reader, scanValue[int], endless)
	require.ErrorIs(t, err, fault.ErrUnavailable)

	ctx, cancel = context.WithCancel(t.Context())
	err = s.inTx(ctx, func(tx *writeTx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM roles`); err != nil {
			return err
		}
		cancel()
		_, err := tx.ExecContext(ctx, `DELETE FROM users`)
		return err
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.CreateUser(t.Context(), storetest.NewUser(), audit.Change{}), "the deletion of the roles is rolled back")
}

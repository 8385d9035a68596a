package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver of withDatabase
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/postgres"
	"github.com/latchkey-auth/latchkey/internal/store/sqlite"
)

// store is the part of both stores that creates what no command can create.
type store interface {
	Up(ctx context.Context) (int, error)
	Close() error
	CreateUser(ctx context.Context, u account.User, n audit.Change) error
	PutRole(ctx context.Context, r account.Role, n audit.Change) error
	CreateClient(ctx context.Context, c oauth.Client, n audit.Change) error
	CreateHook(ctx context.Context, h hook.Hook, n audit.Change) error
	RecordDelivery(ctx context.Context, d hook.Delivery) error
}

// withStore migrates the database and opens its store for a moment.
func (i installation) withStore(t *testing.T, use func(ctx context.Context, s store)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	s, err := openStore(ctx, i.database)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	_, err = s.Up(ctx)
	require.NoError(t, err)
	use(ctx, s)
}

func openStore(ctx context.Context, url string) (store, error) {
	if path, found := strings.CutPrefix(url, "sqlite:"); found {
		return sqlite.Open(ctx, path)
	}
	return postgres.Open(ctx, url, postgres.Options{})
}

// withDatabase opens the database for a moment, beside the server.
func (i installation) withDatabase(t *testing.T, use func(db *sql.DB) error) {
	t.Helper()
	driver, source := "pgx", i.database
	if path, found := strings.CutPrefix(i.database, "sqlite:"); found {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)"
	}
	db, err := sql.Open(driver, source)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	require.NoError(t, use(db))
}

// exec runs a statement that both engines understand.
func (i installation) exec(t *testing.T, statement string) {
	t.Helper()
	i.withDatabase(t, func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), statement)
		return err
	})
}

// queryInt returns the number that a query selects.
func (i installation) queryInt(t *testing.T, query string) (n int) {
	t.Helper()
	i.withDatabase(t, func(db *sql.DB) error {
		return db.QueryRowContext(t.Context(), query).Scan(&n)
	})
	return n
}

// tableText returns every value of every row of a table as text.
func (i installation) tableText(t *testing.T, table string) string {
	t.Helper()
	var text strings.Builder
	i.withDatabase(t, func(db *sql.DB) error {
		rows, err := db.QueryContext(t.Context(), `SELECT * FROM `+pgx.Identifier{table}.Sanitize())
		require.NoError(t, err)
		defer func() { _ = rows.Close() }()
		names, err := rows.Columns()
		require.NoError(t, err)
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		for rows.Next() {
			require.NoError(t, rows.Scan(targets...))
			for i, value := range values {
				if raw, ok := value.([]byte); ok {
					value = string(raw)
				}
				_, _ = fmt.Fprintf(&text, "%s=%v\n", names[i], value)
			}
		}
		return rows.Err()
	})
	return text.String()
}

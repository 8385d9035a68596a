package postgres

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// manyUsers returns SQL that inserts n users.
func manyUsers(n int) string {
	return fmt.Sprintf(`
	INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, name, picture, password_hash,
		epoch, created_at, updated_at)
	SELECT md5(i::text)::uuid, k, k, k || '@x.example', k || '@x.example', i %% 5000 <> 7, i %% 5000 <> 9, '', '', '',
		1, timestamptz '2026-03-01 12:00Z' + i / 3 * interval '1 second', now()
	FROM generate_series(1, %d) AS i, LATERAL (SELECT 'user' || lpad(i::text, 6, '0')) AS key (k);`, n)
}

// manyRows fills the tables like those of a large service.
var manyRows = manyUsers(20_000) + `
	INSERT INTO users_to_roles (user_id, role_id, user_created_at)
	SELECT u.id, r.id, u.created_at FROM users u, roles r WHERE r.name = 'ROLE_USER' OR r.name = 'ROLE_ADMIN' AND u.username LIKE '%777';
	INSERT INTO audit_events
	SELECT md5(i::text)::uuid, timestamptz '2026-03-01 12:00Z' + i * interval '1 second', 'user.signed_in', 'success', '', '',
		'user-' || i % 100, '', '', 'user-' || i % 77, '', '', ''
	FROM generate_series(1, 20000) AS i;
	ANALYZE users, users_to_roles, roles, audit_events`

// TestQueryPlans checks that no page of users or events reads a whole table.
func TestQueryPlans(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, withParams(t, storetest.PostgresURL(t), "statement_timeout", "60s"))
	conn, err := pgx.ConnectConfig(t.Context(), s.pool.Config().ConnConfig)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(t.Context())) })
	_, err = conn.Exec(t.Context(), manyRows)
	require.NoError(t, err)
	for name, q := range storetest.UserQueries() {
		sql, args := listQuery(q)
		if q.Prefix != "" {
			sql, args = searchQuery(q)
		}
		requireIndexes(t, conn, "users: "+name, sql, args)
	}
	for name, q := range storetest.EventQueries() {
		sql, args := eventsQuery(q)
		requireIndexes(t, conn, "events: "+name, sql, args)
	}
}

// requireIndexes fails if the plan of a query reads a whole table.
func requireIndexes(t *testing.T, conn *pgx.Conn, name, sql string, args []any) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `EXPLAIN (COSTS OFF) `+sql, args...)
	require.NoError(t, err, name)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, name)
	plan := strings.Join(lines, "\n")
	for _, table := range []string{"users", "users_to_roles", "audit_events"} {
		require.NotContains(t, plan, "Seq Scan on "+table, name)
	}
	t.Log(name, plan)
}

package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// many fills the tables as a large service would.
const many = `
	INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, name, picture, password_hash,
		epoch, created_at, updated_at)
	SELECT md5(i::text)::uuid, k, k, k || '@x.example', k || '@x.example', i % 5000 <> 7, i % 5000 <> 9, '', '', '',
		1, timestamptz '2026-03-01 12:00Z' + i / 3 * interval '1 second', now()
	FROM generate_series(1, 20000) AS i, LATERAL (SELECT 'user' || lpad(i::text, 6, '0')) AS key (k);
	INSERT INTO users_to_roles (user_id, role_id, user_created_at)
	SELECT u.id, r.id, u.created_at FROM users u, roles r WHERE r.name = 'ROLE_USER' OR r.name = 'ROLE_ADMIN' AND u.username LIKE '%777';
	INSERT INTO audit_events
	SELECT md5(i::text)::uuid, timestamptz '2026-03-01 12:00Z' + i * interval '1 second', 'user.signed_in', 'success', '', '',
		'user-' || i % 100, '', '', 'user-' || i % 77, '', '', ''
	FROM generate_series(1, 20000) AS i;
	ANALYZE users, users_to_roles, roles, audit_events`

// TestPlans: no page of users or events is found by reading a whole table.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := openUp(t, with(t, storetest.PostgresURL(t), "statement_timeout", "60s"))
	conn, err := pgx.ConnectConfig(t.Context(), s.pool.Config().ConnConfig)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(t.Context())) })
	_, err = conn.Exec(t.Context(), many)
	require.NoError(t, err)
	explain := func(name, sql string, args []any) {
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
	for name, q := range storetest.UserQueries() {
		q.Limit = 50
		sql, args := pageQuery(q)
		if q.Prefix != "" {
			sql, args = searchQuery(q)
		}
		explain(name, sql, args)
	}
	for name, q := range storetest.EventQueries() {
		q.Limit = 50
		sql, args := eventsQuery(q)
		explain("events: "+name, sql, args)
	}
}

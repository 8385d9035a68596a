package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// Statements that read or rotate a few sessions keep their plan: to make it takes longer than to execute it.
func TestSessionStatementsKeepTheirPlan(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	openMigrated(t, url)
	s := openURL(t, withParams(t, url, "pool_max_conns", "1")) // the plans belong to a connection

	const times = 20
	for i := range times {
		n := 1 + i%4
		reads, rotations := make([]*readCall[store.PackedSession], n), make([]*rotationCall, n)
		for j := range n {
			reads[j] = &readCall[store.PackedSession]{In: uuid.NewString()}
			rotations[j] = &rotationCall{In: oauth.Rotation{FamilyID: []byte{byte(j)}, Now: time.Now()}}
		}
		s.sessions.batch(reads)
		s.rotateSessions(rotations)
	}
	for name, sql := range map[string]string{"read": s.sessions.statement, "rotate": rotateSessions} {
		var kept, made int
		err := s.pool.QueryRow(t.Context(), `SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1`, sql).Scan(&kept, &made)
		require.NoError(t, err, name)
		require.Equal(t, times, kept+made, name)
		require.Equal(t, 5, made, "%s: PostgreSQL makes five plans before it decides to keep one", name)
	}
}

// sessionOfEach inserts a session for each user.
const sessionOfEach = `
	INSERT INTO sessions (id, family_id, user_id, user_epoch, client_id, scopes, counter, rotated_at, repeats,
		address, user_agent, created_at, last_used_at, idle_until, absolute_until)
	SELECT id, decode(md5(id::text), 'hex'), id, epoch, 'web', '{}', 0, now(), 0, '', '', now(), now(), now() + interval '1 day', now() + interval '9 days' FROM users`

// A refresh writes no entry into any index, unless the session then ends on another day.
func TestRefreshWritesNoIndex(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, storetest.PostgresURL(t))
	_, err := s.pool.Exec(t.Context(), manyUsers(1)+sessionOfEach)
	require.NoError(t, err)
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	var family []byte
	var end time.Time
	require.NoError(t, tx.QueryRow(t.Context(), `SELECT family_id, idle_until FROM sessions`).Scan(&family, &end))
	dayEnd := end.UTC().Truncate(24 * time.Hour).Add(24*time.Hour - time.Second)
	for counter, c := range []struct {
		until   time.Time
		inPlace int
	}{{dayEnd, 1}, {dayEnd.Add(-time.Hour), 2}, {dayEnd.Add(time.Hour), 2}} {
		_, err := tx.Exec(t.Context(), rotateSession, time.Now(), c.until, "", family, counter, "web")
		require.NoError(t, err)
		var updated, inPlace int
		require.NoError(t, tx.QueryRow(t.Context(), `SELECT pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid)
			FROM pg_class WHERE oid = 'sessions'::regclass`).Scan(&updated, &inPlace))
		require.Equal(t, counter+1, updated)
		require.Equal(t, c.inPlace, inPlace, "ends at %v", c.until)
	}
}

// Some thousand rows are so few that PostgreSQL would rather read all of them than look up ten.
func TestSessionStatementsLookUp(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, storetest.PostgresURL(t))
	conn, err := s.pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	exec := func(sql string) {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	exec(manyUsers(1000))
	exec(sessionOfEach)
	exec(`ANALYZE users, sessions; SET plan_cache_mode = force_generic_plan`)
	for name, q := range map[string]struct{ sql, args string }{
		"read": {s.sessions.statement, "NULL, ''"}, "rotate": {rotateSessions, "NULL, NULL, NULL, NULL, NULL, NULL"}, "purge": {purgeSessions, "now(), 1"},
	} {
		exec("PREPARE " + name + " AS " + q.sql)
		rows, err := conn.Query(t.Context(), "EXPLAIN EXECUTE "+name+"("+q.args+")")
		require.NoError(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		plan := strings.Join(lines, "\n")
		require.NotContains(t, plan, "Seq Scan on users", name)
		require.NotContains(t, plan, "Seq Scan on sessions", name)
		require.Equal(t, name == "purge", strings.Contains(plan, "Index Scan using sessions_ends_on"), plan)
	}
}

package sqlite

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// TestPlans: no page of users or events, and no job, is found by reading a whole table. SQLite plans
// alike for few rows and for many.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := openUp(t, filepath.Join(t.TempDir(), "latchkey.db"))
	explain := func(name, query string, args ...any) {
		t.Helper()
		lines, err := all(t.Context(), s.reader, func(r row) (line string, err error) {
			err = tail{r}.Scan(&line)
			return line, err
		}, `EXPLAIN QUERY PLAN `+query, args...)
		require.NoError(t, err, name)
		plan := strings.Join(lines, "\n")
		for _, table := range []string{"u", "ur", "users", "users_to_roles", "audit_events", "outbox"} {
			require.NotRegexp(t, `SCAN `+table+`\b`, plan, name)
		}
		t.Log(name, plan)
	}
	for name, q := range storetest.UserQueries() {
		q.Limit = 50
		query, args := pageQuery(q)
		if q.Prefix != "" {
			query, args = searchQuery(q)
		}
		explain(name, query, args...)
	}
	for name, q := range storetest.EventQueries() {
		q.Limit = 50
		query, args := eventsQuery(q)
		explain("events: "+name, query, args...)
	}
	explain("due", due, 0)
	for name, query := range map[string]string{
		"events": purgeEvents, "tokens": purgeTokens, "deliveries": purgeDeliveries, "sessions": purgeSessions,
	} {
		explain("purge "+name, query, 0, 500)
	}
}

package sqlite

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// TestQueryPlans checks that no page of users or events, no claim of jobs and no purge reads a whole
// table. SQLite chooses the same plan for few rows as for many.
func TestQueryPlans(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, newPath(t))
	for name, q := range storetest.UserQueries() {
		query, args := listQuery(q)
		if q.Prefix != "" {
			query, args = searchQuery(q)
		}
		requireIndexes(t, s, "users: "+name, query, args...)
	}
	for name, q := range storetest.EventQueries() {
		query, args := eventsQuery(q)
		requireIndexes(t, s, "events: "+name, query, args...)
	}
	requireIndexes(t, s, "jobs", anyJobDue, 0)
	for name, query := range map[string]string{
		"events": purgeEvents, "tokens": purgeTokens, "deliveries": purgeDeliveries, "sessions": purgeSessions, "throttle": purgeThrottle,
		"networks": purgeNetworks, "statistics": purgeHours,
	} {
		requireIndexes(t, s, "purge "+name, query, 0, 500)
	}
}

// partOfQuery matches the scan of what the query itself has found before.
var partOfQuery = regexp.MustCompile(`SCAN (page|by_username|by_email|CONSTANT ROW|\(subquery-\d+\))$`)

// requireIndexes fails if the plan of a query reads a whole table.
func requireIndexes(t *testing.T, s *Store, name, query string, args ...any) {
	t.Helper()
	lines, err := queryAll(t.Context(), s.reader, func(r row) (line string, err error) {
		err = trailingColumns{r}.Scan(&line)
		return line, err
	}, `EXPLAIN QUERY PLAN `+query, args...)
	require.NoError(t, err, name)
	t.Log(name, strings.Join(lines, "\n"))
	for _, line := range lines {
		require.False(t, strings.Contains(line, "SCAN ") && !partOfQuery.MatchString(line), "%s: %s", name, line)
	}
}

package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/statistics"
)

var statisticsTests = tests[Database]{
	"counts":       statisticsCounts,
	"levels":       statisticsLevels,
	"count levels": statisticsCountLevels,
	"purge":        statisticsPurge,
}

func requireHours(t *testing.T, db Database, from time.Time, want ...statistics.Hour) {
	t.Helper()
	got, err := db.Hours(t.Context(), from)
	require.NoError(t, err)
	require.Equal(t, append([]statistics.Hour{}, want...), append([]statistics.Hour{}, got...))
}

// statisticsCounts checks that replicas can add to the same hour at once.
func statisticsCounts(t *testing.T, db Database) {
	requireHours(t, db, noon)
	one := statistics.Counts{SignIns: 1, Failures: 2, Refreshes: 3, Refused: 4}
	requireNoZeroFields(t, one)
	errs := inParallel(8, func(i int) error {
		return db.AddCounts(t.Context(), noon.Add(time.Duration(i%2)*time.Hour), one)
	})
	require.NoError(t, errors.Join(errs...))
	four := statistics.Counts{SignIns: 4, Failures: 8, Refreshes: 12, Refused: 16}
	later := statistics.Hour{At: noon.Add(time.Hour), Counts: four}
	requireHours(t, db, noon, statistics.Hour{At: noon, Counts: four}, later)
	requireHours(t, db, noon.Add(time.Second), later)
}

func statisticsLevels(t *testing.T, db Database) {
	levels := statistics.Levels{Sessions: 5, Users: 6}
	require.NoError(t, db.PutLevels(t.Context(), noon, statistics.Levels{Sessions: 1}))
	require.NoError(t, db.PutLevels(t.Context(), noon, levels))
	requireHours(t, db, noon, statistics.Hour{At: noon, Levels: &levels})
	require.NoError(t, db.AddCounts(t.Context(), noon, statistics.Counts{SignIns: 1}))
	requireHours(t, db, noon, statistics.Hour{At: noon, Counts: statistics.Counts{SignIns: 1}, Levels: &levels})
}

func statisticsCountLevels(t *testing.T, db Database) {
	u := mustCreateUser(t, db, nil)
	mustCreateUser(t, db, nil)
	until := func(idle, absolute time.Time) func(*oauth.Session) {
		return func(s *oauth.Session) {
			s.IdleUntil, s.AbsoluteUntil, s.RevokedAt, s.RevokedReason = idle, absolute, time.Time{}, ""
		}
	}
	later := noon.Add(time.Hour)
	mustCreateSession(t, db, u, until(later, later))
	mustCreateSession(t, db, u, until(noon, later))
	mustCreateSession(t, db, u, until(later, noon))
	ended := mustCreateSession(t, db, u, until(later, later))
	require.NoError(t, db.RevokeSession(t.Context(), ended.ID, "", "test", noon, noRecord))
	got, err := db.CountLevels(t.Context(), noon)
	require.NoError(t, err)
	require.Equal(t, statistics.Levels{Sessions: 1, Users: 2}, got)
}

func statisticsPurge(t *testing.T, db Database) {
	for i := range 8 {
		require.NoError(t, db.PutLevels(t.Context(), noon.Add(-time.Duration(i)*time.Hour), statistics.Levels{}))
	}
	requireBatches(t, func(limit int) (int, error) { return db.PurgeHours(t.Context(), noon, limit) })
	requireHours(t, db, time.Unix(0, 0), statistics.Hour{At: noon, Levels: &statistics.Levels{}})
}

package postgres

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
	"github.com/latchkey-auth/latchkey/internal/throttle"
)

// TestCountsAreLookedUp counts attempts when PostgreSQL knows the tables as empty, so that reading them whole seems to cost
// least. It must not plan that: a flood makes them large before it learns of it.
func TestCountsAreLookedUp(t *testing.T) {
	t.Parallel()
	s := openMigrated(t, storetest.PostgresURL(t))
	_, err := s.pool.Exec(t.Context(), `ANALYZE throttle, known_networks`)
	require.NoError(t, err)
	for _, table := range []string{"throttle", "known_networks"} {
		begun := time.Now()
		var use tableUse
		for use.whole+use.lookUps < 200 { // PostgreSQL keeps a plan from the sixth time on, and counts a second later
			require.Less(t, time.Since(begun), time.Minute, "PostgreSQL counts no use of %s: %+v", table, use)
			countLogin(t, s)
			use = readTableUse(t, s, table)
		}
		require.Less(t, use.whole, use.lookUps/10, "%s is read whole", table)
		require.Less(t, use.rows, 2*use.lookUps, "rows of %s are read that are not looked up", table)
	}
}

// countLogin does all that a sign-in from a new network does to the counts; the second attempt is refused.
func countLogin(t *testing.T, s *Store) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	mac := []byte(rand.Text())
	charges := throttle.Charges{First: newCharge(now), Second: newCharge(now), Networks: [][]byte{mac}}
	for _, want := range [][]byte{nil, charges.First.Key} {
		spent, err := s.Spend(ctx, now, charges)
		require.NoError(t, err)
		require.Equal(t, want, spent.Refused)
	}
	network := throttle.KnownNetwork{MAC: mac, Owner: []byte(rand.Text()), ExpiresAt: now.Add(time.Hour)}
	require.NoError(t, s.RefundAndRemember(ctx, now, []throttle.Refund{{Key: charges.First.Key, Amount: time.Second}}, network, 20))
}

// newCharge returns a charge that is allowed once.
func newCharge(now time.Time) throttle.Charge {
	return throttle.Charge{Key: []byte(rand.Text()), TAT: now.Add(time.Minute), Limit: now.Add(time.Minute)}
}

// tableUse is how often a table was read whole, as when an index is made, how often rows of it were looked up in an index,
// and how many were read there.
type tableUse struct{ whole, lookUps, rows int }

func readTableUse(t *testing.T, s *Store, table string) (use tableUse) {
	t.Helper()
	const counters = `SELECT seq_scan, idx_scan, idx_tup_fetch FROM pg_stat_user_tables WHERE relid = $1::regclass`
	require.NoError(t, s.pool.QueryRow(t.Context(), counters, table).Scan(&use.whole, &use.lookUps, &use.rows))
	return use
}

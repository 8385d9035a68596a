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
	key, mac, owner := []byte(rand.Text()), []byte(rand.Text()), []byte(rand.Text())
	charge := throttle.Charge{Key: key, TAT: now.Add(time.Minute), Limit: now.Add(time.Minute)}
	_, _, err := s.SpendByNetwork(ctx, now, throttle.NetworkCharges{MACs: [][]byte{mac}, Always: newKey(charge), Unknown: newKey(charge)})
	require.NoError(t, err)
	for _, refusals := range []int{0, 1} {
		refused, err := s.Spend(ctx, now, []throttle.Charge{charge})
		require.NoError(t, err)
		require.Len(t, refused, refusals)
	}
	network := throttle.KnownNetwork{MAC: mac, Owner: owner, ExpiresAt: now.Add(time.Hour)}
	require.NoError(t, s.RefundAndRemember(ctx, now, []throttle.Refund{{Key: key, Amount: time.Second}}, network, 20))
}

func newKey(c throttle.Charge) throttle.Charge {
	c.Key = []byte(rand.Text())
	return c
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

package e2e

import (
	"flag"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

var raceRounds = flag.Int("races.rounds", 20, "rounds of simultaneous refreshes on each engine")

// simultaneousRefreshes is how many requests present one refresh token at once.
const simultaneousRefreshes = 100

// A hundred simultaneous requests with one refresh token rotate it once, and all of them return the
// same successor.
func TestSimultaneousRefresh(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, inst installation, replicas []*server) {
		access, token := replicas[0].devSignIn(t, "user")
		counter := fmt.Sprintf("SELECT counter FROM sessions WHERE id = '%s'", claim(t, access, "sid"))
		for round := 1; round <= *raceRounds; round++ {
			all := concurrently(simultaneousRefreshes, func(i int) response {
				return replicas[i%len(replicas)].refresh(t, token)
			})
			successors := map[string]int{}
			for _, got := range all {
				require.Equal(t, http.StatusOK, got.status, "round %d: %s", round, got.body)
				successors[field(t, got.body, "refresh_token")]++
			}
			require.Len(t, successors, 1, "round %d", round)
			require.NotContains(t, successors, token)
			token = field(t, all[0].body, "refresh_token")
			require.Equal(t, simultaneousRefreshes, successors[token])
			require.Equal(t, round, inst.queryInt(t, counter))
		}
		for _, s := range replicas {
			require.Equal(t, http.StatusOK, s.refresh(t, token).status)
		}
	})
}

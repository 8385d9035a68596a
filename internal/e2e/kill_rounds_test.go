package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// With the other tests beside it, a start may take long.
var (
	killRounds = flag.Int("kill.rounds", 3, "rounds of SIGKILL under load on each engine")
	killReady  = flag.Duration("kill.ready", waitTimeout, "how soon after SIGKILL the service is ready, in the median round")
)

const usersUnderKill = 8

// The service is killed at a random moment while users sign up, sign in, refresh, change names and
// passwords, and end sessions. After each restart: (1) every acknowledged write is there, (2) every ended
// session has ended, (3) no rotated refresh token is accepted, and the current one is, (4) rows and audit
// events agree, and what was in doubt happened entirely or not at all, (5) the keys are the same, so that
// access tokens are accepted, (6) the service is ready soon and the database is sound, without a repair.
func TestKillUnderLoad(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		s := start(t, inst)
		early := s.devToken(t, "user")
		keys := s.get(t, "/.well-known/jwks.json", "").body
		var acked int64
		var ready []time.Duration
		for round := 1; round <= *killRounds; round++ {
			x := startTraffic(t, fmt.Sprintf("kill%d", round), usersUnderKill, true, s)
			x.waitForAcks(t, int64(rand.IntN(usersUnderKill*len(steps()))))
			<-time.After(rand.N(10 * time.Millisecond))
			s.kill()
			x.stop()
			acked += x.acked.Load()

			begin := time.Now()
			s = start(t, inst)
			ready = append(ready, time.Since(begin))
			x.verify(t, inst, s)
			require.Equal(t, keys, s.get(t, "/.well-known/jwks.json", "").body)
			s.requireTokenAccepted(t, early)
			inst.requireSound(t)
		}
		slices.Sort(ready)
		median, slowest := ready[len(ready)/2].Round(time.Millisecond), ready[len(ready)-1].Round(time.Millisecond)
		t.Logf("%d rounds, %d acknowledged writes, ready after %v (median), %v at most", *killRounds, acked, median, slowest)
		require.Less(t, median, *killReady, "the time until the service is ready")
	})
}

// requireSound requires that no row refers to a missing one, and that a SQLite file is consistent.
func (i installation) requireSound(t *testing.T) {
	t.Helper()
	for what, query := range map[string]string{
		"sessions without a user": `SELECT count(*) FROM sessions s WHERE user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = s.user_id)`,
		"users without a role":    `SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM users_to_roles r WHERE r.user_id = u.id)`,
		"instances beside one":    `SELECT count(*) - 1 FROM instance`,
	} {
		require.Zero(t, i.queryInt(t, query), what)
	}
	if strings.HasPrefix(i.database, "sqlite:") {
		require.Zero(t, i.queryInt(t, `SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'`))
		require.Zero(t, i.queryInt(t, `SELECT count(*) FROM pragma_foreign_key_check`))
	}
}

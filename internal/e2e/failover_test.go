//go:build failover

package e2e

import (
	"flag"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var failoverRounds = flag.Int("failover.rounds", 10, "how often the primary is lost")

// The primary of a cluster with synchronous replication is killed again and again, in turn PostgreSQL alone
// and the whole node, while users of three replicas sign up, sign in, refresh and so on. No acknowledged
// write is lost, no request is refused falsely, and every one has a response. Public keys are served
// all the time.
func TestFailover(t *testing.T) {
	t.Parallel()
	cluster := startPatroniCluster(t)
	inst := installation{database: cluster.url, dir: t.TempDir()}
	var replicas []*server
	for range 3 { // a repeated refresh must outlast the failover
		replicas = append(replicas, start(t, inst, "LATCHKEY_REFRESH_GRACE=1m"))
	}
	refused := replicas[0].watchKeys(t)
	x := startTraffic(t, "failover", 4, false, replicas...)
	var crashes, losses []time.Duration // how long no write was acknowledged
	for round := range *failoverRounds {
		cluster.waitUntilWhole(t)
		x.waitForAcks(t, 30)
		x.longestGap()
		primary, node := cluster.leader(t), round%2 == 1
		primary.crash(t, node)
		require.Eventually(t, func() bool {
			now := cluster.leader(t)
			return now != nil && now != primary
		}, 3*waitTimeout, 50*time.Millisecond, "there is no new primary")
		x.waitForAcks(t, 30)
		gap := x.longestGap().Round(time.Millisecond)
		if node {
			losses = append(losses, gap)
			primary.start(t, serverOwner(t))
		} else {
			crashes = append(crashes, gap)
		}
		t.Logf("round %d: no writes for %v; %d acknowledged so far", round+1, gap, x.acked.Load())
		x.requireNoProblems(t)
	}
	x.stop()
	cluster.waitUntilWhole(t)
	inst.database += "&target_session_attrs=read-write"
	x.verify(t, inst, replicas...)
	require.Zero(t, refused.Load(), "requests for public keys, metadata and readiness that failed")
	require.Zero(t, x.answers[0].Load(), "requests without a response")
	t.Logf("%d failovers, %d acknowledged writes, %d responses with 503; no writes when PostgreSQL crashed: %v, when the node was lost: %v",
		*failoverRounds, x.acked.Load(), x.answers[http.StatusServiceUnavailable].Load(), slices.Sorted(slices.Values(crashes)), slices.Sorted(slices.Values(losses)))
	require.Less(t, slices.Max(append(crashes, losses...)), 40*time.Second, "until writes are back")
	for _, s := range replicas {
		require.NotContains(t, s.wholeLog(t), "status=500")
		require.NotContains(t, strings.ToLower(s.wholeLog(t)), "panic")
	}
}

// watchKeys requests what needs no database until the test ends, and counts what fails.
func (s *server) watchKeys(t *testing.T) *atomic.Int64 {
	t.Helper()
	var failed atomic.Int64
	halt, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/healthz", "/readyz"} {
				if got, err := s.try("GET "+path, "", "", nil); err != nil || got.status != http.StatusOK {
					failed.Add(1)
				}
			}
			select {
			case <-halt:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() {
		close(halt)
		<-ended
	})
	return &failed
}

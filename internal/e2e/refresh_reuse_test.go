package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Within the grace period a used token returns the same successor. After it, presenting the token ends
// the session on all replicas, although the response is an error.
func TestReusedTokenEndsSession(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, inst installation, replicas []*server) {
		last := replicas[len(replicas)-1]
		_, first := replicas[0].devSignIn(t, "user", asWeb...)
		second := field(t, replicas[0].refresh(t, first, asWeb...).body, "refresh_token")
		again := last.refresh(t, first, asWeb...)
		require.Equal(t, http.StatusOK, again.status, again.body)
		require.Equal(t, second, field(t, again.body, "refresh_token"))

		eventually(t, func() bool { return !last.introspect(t, first) })
		require.True(t, last.introspect(t, second), "introspection does not end the session")
		requireRefreshRejected(t, last.refresh(t, first, asWeb...))
		requireSessionEnded(t, replicas, field(t, again.body, "access_token"), second, asWeb...)
		require.Equal(t, 1, inst.queryInt(t, `SELECT count(*) FROM sessions WHERE revoked_reason = 'refresh_reuse'`))
		require.Contains(t, last.wholeLog(t), "refresh token reused, session revoked")
		last.devToken(t, "user")
	}, "LATCHKEY_REFRESH_GRACE=3s")
}

// A token older than the previous one is never taken for a retry, even within the grace period.
func TestTokenBeforeLastEndsSession(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, _ installation, replicas []*server) {
		_, first := replicas[0].devSignIn(t, "user")
		second := field(t, replicas[0].refresh(t, first).body, "refresh_token")
		third := replicas[0].refresh(t, second)
		requireRefreshRejected(t, replicas[0].refresh(t, first))
		requireSessionEnded(t, replicas, field(t, third.body, "access_token"), field(t, third.body, "refresh_token"))
	})
}

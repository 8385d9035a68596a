package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A change that was acknowledged, and the signing keys, survive SIGKILL right after the response.
func TestDataSurvivesKill(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		first := start(t, inst)
		token := first.devToken(t, "user")
		first.mustSignUp(t, "instant", "the instant before")
		first.kill()

		second := start(t, inst)
		second.token(t, "instant", "the instant before")
		second.requireTokenAccepted(t, token)
		require.Equal(t, http.StatusConflict, second.signUp(t, "Instant", "another password").status)
	})
}

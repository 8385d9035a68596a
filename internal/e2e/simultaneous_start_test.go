package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Servers that start at once on an empty database create one schema, one key and one user of each name.
func TestSimultaneousStart(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		all := make([]*server, 4)
		for i := range all {
			all[i] = launch(t, inst)
		}
		for _, s := range all {
			s.waitUntilListening()
		}
		keys := all[0].get(t, "/.well-known/jwks.json", "").body
		require.Equal(t, 1, strings.Count(keys, `"kid"`), keys)
		token := all[0].devToken(t, "user")
		for _, s := range all[1:] {
			require.Equal(t, keys, s.get(t, "/.well-known/jwks.json", "").body)
			s.requireTokenAccepted(t, token)
		}
	})
}

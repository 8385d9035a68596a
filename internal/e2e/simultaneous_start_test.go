package e2e

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Servers that start at once on an empty database create one schema, one key and one user of each name.
func TestSimultaneousStart(t *testing.T) {
	t.Parallel()
	inst := newPostgres(t)
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
}

// Commands that start at once on an empty SQLite database, beside a service, create one schema.
func TestSimultaneousCommands(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	s := launch(t, inst)
	var commands sync.WaitGroup
	for range 4 {
		commands.Go(func() { inst.mustRun(t, "role", "put", "ROLE_EDITOR") })
	}
	commands.Wait()
	s.waitUntilListening()
	s.devToken(t, "user")
}

package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// keyCommand runs a key command with master secrets, newest first. Without any, it uses the secret of
// the development server.
func keyCommand(t *testing.T, inst installation, secrets, arguments string) result {
	t.Helper()
	var environment []string
	if secrets != "" {
		environment = []string{"LATCHKEY_SECRET=" + secrets}
	}
	return execute(t, inst.environment(environment...), "", append([]string{"key"}, strings.Fields(arguments)...)...)
}

// keyIDs returns the ids of the keys in a state.
func keyIDs(t *testing.T, inst installation, secrets, state string) []string {
	t.Helper()
	list := keyCommand(t, inst, secrets, "list")
	require.Zero(t, list.code, list.stderr)
	var all []string
	for _, line := range lines(list.stdout) {
		if columns := strings.Fields(line); columns[1] == state {
			all = append(all, columns[len(columns)-1])
		}
	}
	return all
}

// publishes reports whether the key set has a kid.
func (s *server) publishes(t *testing.T, kid string) bool {
	t.Helper()
	return strings.Contains(s.get(t, "/.well-known/jwks.json", "").body, kid)
}

// Running servers follow the key commands: they publish a new key, and stop publishing, accepting and
// using a revoked one.
func TestRotateAndRevokeKeys(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		replicas := startPair(t, inst, "LATCHKEY_SIGNING_ALGORITHM=EdDSA")
		first := keyIDs(t, inst, "", "signing")
		require.Len(t, first, 1)
		token := replicas[0].devToken(t, "user")
		rotated := keyCommand(t, inst, "", "rotate")
		require.Zero(t, rotated.code, rotated.stderr)
		next := strings.TrimSpace(rotated.stdout)
		require.Equal(t, []string{next}, keyIDs(t, inst, "", "pending"))
		require.NotContains(t, keyCommand(t, inst, "", "list").stdout, "ES256", "the command uses the algorithm of the server")
		for _, s := range replicas {
			eventually(t, func() bool { return s.publishes(t, next) })
			require.True(t, s.publishes(t, first[0]))
			s.requireTokenAccepted(t, token)
		}

		requireAsks(t, inst, "key", "revoke", "--", first[0])
		require.Equal(t, first, keyIDs(t, inst, "", "signing"))
		revoked := keyCommand(t, inst, "", "revoke --yes -- "+first[0])
		require.Zero(t, revoked.code, revoked.stderr)
		require.Empty(t, revoked.stdout)
		require.Equal(t, []string{next}, keyIDs(t, inst, "", "signing"))
		for i, s := range replicas {
			eventually(t, func() bool { return s.get(t, "/api/auth/users/me", token).status == http.StatusUnauthorized })
			require.False(t, s.publishes(t, first[0]))
			fresh := s.devToken(t, "user")
			replicas[len(replicas)-1-i].requireTokenAccepted(t, fresh)
		}
		admin := replicas[0].devToken(t, "admin")
		for action, kid := range map[string]string{"key.rotated": next, "key.revoked": first[0]} {
			events := toJSON(t, replicas[0].mustCall(t, admin, "GET /api/audit?action="+action))
			require.Contains(t, events, kid)
			require.Contains(t, events, `"operator"`)
		}
	})
}

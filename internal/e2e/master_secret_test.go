package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The master secrets of the tests.
const (
	oldSecret = "tq3Vd0aHq9Zx1PzLw7mYbK5sUeR8nGcJ"
	newSecret = "Hf6Tj2bNu4Wc8QyAr0vXgM9kSiE5oDlP"
)

// A server refuses to start with a secret that does not open the stored keys, and keeps them.
func TestWrongSecret(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		first := start(t, inst, "LATCHKEY_SECRET="+oldSecret)
		keys := first.get(t, "/.well-known/jwks.json", "").body
		first.stop()

		got := execute(t, inst.environment("LATCHKEY_SECRET="+newSecret), "", "serve", "--dev", "--listen", "127.0.0.1:0")
		require.Equal(t, 1, got.code)
		require.Len(t, lines(got.stderr), 1)
		require.Contains(t, got.stderr, "LATCHKEY_SECRET is not the one the keys were stored with")

		require.Equal(t, keys, start(t, inst, "LATCHKEY_SECRET="+oldSecret).get(t, "/.well-known/jwks.json", "").body)
	})
}

// A server with a new secret before the old one accepts the tokens issued before.
func TestNewSecretBeforeOldOne(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	first := start(t, inst, "LATCHKEY_SECRET="+oldSecret)
	token := first.devToken(t, "user")
	first.stop()
	start(t, inst, "LATCHKEY_SECRET="+newSecret+","+oldSecret).requireTokenAccepted(t, token)
}

// A start with both secrets seals the keys with the new one. After that the old one is not needed, and
// the tokens issued before are still valid.
func TestReplaceMasterSecret(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		s := start(t, inst, "LATCHKEY_SECRET="+oldSecret)
		first := keyIDs(t, inst, oldSecret, "signing")
		require.Len(t, first, 1)
		token := s.devToken(t, "user")
		s.stop()
		require.Contains(t, keyCommand(t, inst, newSecret, "list").stderr, "LATCHKEY_SECRET is not the one")
		require.Contains(t, keyCommand(t, inst, newSecret+","+oldSecret, "list").stdout, " older ")

		s = start(t, inst, "LATCHKEY_SECRET="+newSecret+","+oldSecret)
		eventually(t, func() bool { return keyCommand(t, inst, newSecret, "list").code == 0 })
		s.stop()
		s = start(t, inst, "LATCHKEY_SECRET="+newSecret)
		require.Equal(t, first, keyIDs(t, inst, newSecret, "signing"))
		s.requireTokenAccepted(t, token)
	})
}

// The master secret of two replicas is replaced by restarting one at a time: first both learn the new
// secret, then it comes first, then the old one is removed. All the while both replicas accept every
// token that either has issued.
func TestReplaceMasterSecretOfReplicas(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		pair := startPair(t, inst, "LATCHKEY_SECRET="+oldSecret)
		access, refresh := pair[0].devSignIn(t, "user")
		issued := []string{access}
		check := func() {
			t.Helper()
			for range 2 {
				for _, s := range pair {
					for _, token := range issued {
						require.Equal(t, http.StatusOK, s.get(t, "/api/users/me", token).status)
					}
					got := s.refresh(t, refresh)
					require.Equal(t, http.StatusOK, got.status, got.body)
					refresh, access = field(t, got.body, "refresh_token"), field(t, got.body, "access_token")
				}
			}
			issued = append(issued, access)
		}
		check()
		for _, secrets := range []string{oldSecret + "," + newSecret, newSecret + "," + oldSecret, newSecret} {
			if !strings.Contains(secrets, ",") {
				eventually(t, func() bool { return keyCommand(t, inst, newSecret, "list").code == 0 }) // all keys are sealed with it
			}
			for i := range pair {
				pair[i].stop()
				pair[i] = start(t, inst, "LATCHKEY_SECRET="+secrets)
				check()
			}
		}
		require.Len(t, keyIDs(t, inst, newSecret, "signing"), 1)
	})
}

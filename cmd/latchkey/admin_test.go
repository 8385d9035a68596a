package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A client is made, asks for a token with the secret as it was printed, and is deleted.
func TestClientCommands(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		made := command(t, at, "", "client", "create", "report-worker", "--name", "Report worker", "--grant", "client_credentials", "--scope", "users:read")
		require.Zero(t, made.code, made.err)
		require.Regexp(t, `^cs_[A-Za-z0-9_-]{43}\n$`, made.out, "the secret alone, for scripts")
		require.NotContains(t, made.err, strings.TrimSpace(made.out))
		status := func(secret string) int {
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"report-worker"}, "client_secret": {strings.TrimSpace(secret)}}
			return send(t, client(t, ""), request(t, http.MethodPost, s.url+"/token", "application/x-www-form-urlencoded", form.Encode())).status
		}
		require.Equal(t, http.StatusOK, status(made.out))

		renewed := command(t, at, "", "client", "rotate-secret", "report-worker")
		require.Zero(t, renewed.code, renewed.err)
		require.Equal(t, http.StatusOK, status(renewed.out))
		require.Equal(t, http.StatusOK, status(made.out), "for a day")
		last := command(t, at, "", "client", "rotate-secret", "report-worker", "--overlap", "0s")
		require.Equal(t, http.StatusOK, status(last.out))
		require.Equal(t, http.StatusUnauthorized, status(renewed.out))

		require.Equal(t, outcome{}, command(t, at, "", "client", "delete", "report-worker"))
		require.Equal(t, http.StatusUnauthorized, status(last.out))
	})
}

func TestClientList(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	require.Equal(t, outcome{}, command(t, at, "", "client", "create", "app", "--public", "--first-party", "--grant", "password", "--grant", "refresh_token"))
	require.Zero(t, command(t, at, "", "client", "create", "web", "--grant", "client_credentials", "--audience", "https://api.example").code)
	require.Regexp(t, `^ID +NAME +TYPE +GRANTS +SCOPES +ACTIVE +SECRETS +CREATED\n`+
		`app +app +public +password refresh_token +all +true +0 +\S+Z\nweb +web +confidential +client_credentials +all +true +1 +\S+Z\n$`,
		command(t, at, "", "client", "list").out)
	var clients []map[string]any
	for _, line := range lines(command(t, at, "", "client", "list", "--json").out) {
		var client map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &client))
		delete(client, "created_at")
		clients = append(clients, client)
	}
	require.Equal(t, []map[string]any{
		{"id": "app", "name": "app", "public": true, "first_party": true, "active": true, "secrets": 0.0,
			"grants": []any{"password", "refresh_token"}, "scopes": []any{}, "audiences": []any{}},
		{"id": "web", "name": "web", "public": false, "first_party": false, "active": true, "secrets": 1.0,
			"grants": []any{"client_credentials"}, "scopes": []any{}, "audiences": []any{"https://api.example"}},
	}, clients)
}

// A changed password, a disabled and a deleted user count at once in the running service.
func TestUserChanges(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		first, next := devPassword("user"), "another good password"
		status := func(password string) int { return s.login(t, "", "user", password).status }
		token := s.token(t, "user", first)

		require.Equal(t, outcome{}, command(t, at, next+"\n", "user", "set-password", "user@example.com"))
		require.Equal(t, http.StatusOK, status(next))
		require.Equal(t, http.StatusBadRequest, status(first))
		require.Equal(t, http.StatusUnauthorized, s.get(t, "/api/auth/users/me", token).status, "its sessions have ended")

		require.Equal(t, outcome{}, command(t, at, "", "user", "disable", "user"))
		require.Equal(t, http.StatusBadRequest, status(next))
		require.Equal(t, outcome{}, command(t, at, "", "user", "enable", "user"))
		require.Equal(t, http.StatusOK, status(next))

		refused := command(t, at, "y\n", "user", "delete", "user")
		require.Equal(t, outcome{code: 1, err: "latchkey: nobody can be asked here: add --yes if you are sure\n"}, refused)
		require.Equal(t, http.StatusOK, status(next))
		require.Equal(t, outcome{}, command(t, at, "", "user", "delete", "user", "--yes"))
		require.Equal(t, http.StatusBadRequest, status(next))
		require.NotContains(t, command(t, at, "", "user", "list").out, "user@example.com")
	})
}

func TestAdminFaults(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	require.Equal(t, outcome{}, command(t, at, "", "client", "create", "app", "--public", "--grant", "refresh_token"))
	require.Zero(t, command(t, at, "a long enough one\n", "user", "create", "alice", "--email", "alice@example.com").code)
	secret := filepath.Join(at.dir, "secret")
	require.NoError(t, os.WriteFile(secret, []byte(oldSecret), 0o600))
	withSecret := " --secret-file " + secret
	for name, c := range map[string]struct {
		input     string
		arguments string
		code      int
		says      string
	}{
		"client is there":             {"", "client create app --grant password --first-party", 1, `there is a client "app" already`},
		"the built-in client":         {"", "client create latchkey-public --grant password --first-party", 1, `there is a client "latchkey-public" already`},
		"client without grants":       {"", "client create web", 2, "missing flags: --grant"},
		"no such grant":               {"", "client create web --grant implicit", 1, "the grants are some of: password refresh_token client_credentials"},
		"a foreign password":          {"", "client create web --grant password", 1, "only a first-party client may use the password grant"},
		"an id with a space":          {"", "client create a/b --grant refresh_token", 1, "the id may have letters"},
		"rotate nothing":              {"", "client rotate-secret nobody", 1, "there is no client \"nobody\"; `latchkey client list` shows all"},
		"rotate a public one":         {"", "client rotate-secret app", 1, "a public client has no secret"},
		"overlap backwards":           {"", "client rotate-secret app --overlap=-1s", 2, "cannot be negative"},
		"delete nothing":              {"", "client delete nobody", 1, `there is no client "nobody"`},
		"secret as a flag":            {"", "client create web --grant refresh_token --secret x", 2, "unknown flag --secret"},
		"password of nobody":          {"a long enough one\n", "user set-password nobody", 1, `there is no user "nobody"`},
		"a short password":            {"short\n", "user set-password alice", 1, "the password needs at least 8 characters"},
		"no password":                 {"", "user set-password alice", 1, "no password on standard input"},
		"disable nobody":              {"", "user disable nobody", 1, `there is no user "nobody"`},
		"delete nobody":               {"", "user delete nobody --yes", 1, `there is no user "nobody"`},
		"keys without a secret":       {"", "key list", 2, "LATCHKEY_SECRET is not set"},
		"keys with a secret too few":  {"", "key list --secret-file /nowhere", 2, "LATCHKEY_SECRET_FILE: stat /nowhere"},
		"rotate before the first key": {"", "key rotate" + withSecret, 1, "there is no key yet"},
		"rotate at once":              {"", "key rotate --lead 0s" + withSecret, 1, "give them 6m20s"},
		"revoke what is not":          {"", "key revoke nothing" + withSecret, 1, "there is no key \"nothing\"; `latchkey key list` shows all"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := command(t, at, c.input, strings.Fields(c.arguments)...)
			require.Equal(t, c.code, got.code, got.err)
			require.Len(t, lines(got.err), 1, got.err)
			require.Contains(t, got.err, c.says)
			require.Empty(t, got.out)
		})
	}
}

const (
	oldSecret = "tq3Vd0aHq9Zx1PzLw7mYbK5sUeR8nGcJ"
	newSecret = "Hf6Tj2bNu4Wc8QyAr0vXgM9kSiE5oDlP"
)

// keys runs a key command under secrets, newest first; none: those of development.
func keys(t *testing.T, at place, secrets, arguments string) outcome {
	t.Helper()
	var environment []string
	if secrets != "" {
		environment = []string{"LATCHKEY_SECRET=" + secrets}
	}
	return execution(t, at.environment(environment...), "", append([]string{"key"}, strings.Fields(arguments)...)...)
}

// kids gives the keys that are in one state.
func kids(t *testing.T, at place, secrets, state string) []string {
	t.Helper()
	list := keys(t, at, secrets, "list")
	require.Zero(t, list.code, list.err)
	var all []string
	for _, line := range lines(list.out) {
		if columns := strings.Fields(line); columns[1] == state {
			all = append(all, columns[len(columns)-1])
		}
	}
	return all
}

// soon waits for what the service does with its next poll.
func soon(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, 50*time.Millisecond)
}

// The running services follow the commands: a new key is published, a revoked one is gone and
// another signs.
func TestKeyCommands(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		replicas := []*server{start(t, at, "LATCHKEY_SIGNING_ALGORITHM=EdDSA"), start(t, at, "LATCHKEY_SIGNING_ALGORITHM=EdDSA")}
		first := kids(t, at, "", "signing")
		require.Len(t, first, 1)
		token := replicas[0].token(t, "user", devPassword("user"))
		rotated := keys(t, at, "", "rotate")
		require.Zero(t, rotated.code, rotated.err)
		next := strings.TrimSpace(rotated.out)
		require.Equal(t, []string{next}, kids(t, at, "", "pending"))
		require.NotContains(t, keys(t, at, "", "list").out, "ES256", "commands keep the service's algorithm")
		for _, s := range replicas {
			soon(t, func() bool { return s.publishes(t, next) })
			require.True(t, s.publishes(t, first[0]))
			require.Equal(t, http.StatusOK, s.get(t, "/api/auth/users/me", token).status)
		}

		revoked := keys(t, at, "", "revoke "+first[0])
		require.Zero(t, revoked.code, revoked.err)
		require.Empty(t, revoked.out)
		require.Equal(t, []string{next}, kids(t, at, "", "signing"))
		for i, s := range replicas {
			soon(t, func() bool { return s.get(t, "/api/auth/users/me", token).status == http.StatusUnauthorized })
			require.False(t, s.publishes(t, first[0]))
			fresh := s.token(t, "user", devPassword("user"))
			require.Equal(t, http.StatusOK, replicas[1-i].get(t, "/api/auth/users/me", fresh).status)
		}
	})
}

// publishes says whether the key set has a kid.
func (s *server) publishes(t *testing.T, kid string) bool {
	t.Helper()
	return strings.Contains(s.get(t, "/.well-known/jwks.json", "").body, kid)
}

// The master secret is replaced while the service runs on: once it has started with both, the keys
// need the new one alone, and what the old one's days gave out is still good.
func TestMasterSecretIsReplaced(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at, "LATCHKEY_SECRET="+oldSecret)
		first := kids(t, at, oldSecret, "signing")
		require.Len(t, first, 1)
		token := s.token(t, "user", devPassword("user"))
		s.stop()
		require.Contains(t, keys(t, at, newSecret, "list").err, "LATCHKEY_SECRET is not the one")
		require.Contains(t, keys(t, at, newSecret+","+oldSecret, "list").out, " older ")

		s = start(t, at, "LATCHKEY_SECRET="+newSecret+","+oldSecret)
		soon(t, func() bool { return keys(t, at, newSecret, "list").code == 0 })
		s.stop()
		s = start(t, at, "LATCHKEY_SECRET="+newSecret)
		require.Equal(t, first, kids(t, at, newSecret, "signing"))
		require.Equal(t, http.StatusOK, s.get(t, "/api/auth/users/me", token).status)
	})
}

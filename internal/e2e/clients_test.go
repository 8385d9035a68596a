package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A client created by command gets tokens with the printed secret, until it is rotated or deleted.
func TestClientByCommand(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		created := inst.run(t, "client", "create", "report-worker", "--name", "Report worker", "--grant", "client_credentials", "--scope", "users:read")
		require.Zero(t, created.code, created.stderr)
		require.Regexp(t, `^cs_[A-Za-z0-9_-]{43}\n$`, created.stdout, "standard output has only the secret, for scripts")
		require.NotContains(t, created.stderr, strings.TrimSpace(created.stdout))
		status := func(secret string) int {
			return s.post(t, "/token", "grant_type", "client_credentials", "client_id", "report-worker", "client_secret", strings.TrimSpace(secret)).status
		}
		require.Equal(t, http.StatusOK, status(created.stdout))

		second := inst.mustRun(t, "client", "rotate-secret", "report-worker")
		require.Equal(t, http.StatusOK, status(second))
		require.Equal(t, http.StatusOK, status(created.stdout), "both secrets work for a day")
		last := inst.mustRun(t, "client", "rotate-secret", "report-worker", "--overlap", "0s")
		require.Equal(t, http.StatusOK, status(last))
		require.Equal(t, http.StatusUnauthorized, status(second))

		requireAsks(t, inst, "client", "delete", "report-worker")
		require.Contains(t, inst.mustRun(t, "client", "list"), "report-worker")
		inst.mustRunSilently(t, "client", "delete", "report-worker", "--yes")
		require.Equal(t, http.StatusUnauthorized, status(last))
	})
}

func TestListClientsByCommand(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	inst.mustRun(t, "client", "create", "app", "--public", "--first-party", "--grant", "password", "--grant", "refresh_token")
	inst.mustRun(t, "client", "create", "web", "--grant", "client_credentials", "--audience", "https://api.example")
	require.Regexp(t, `^ID +NAME +TYPE +GRANTS +SCOPES +ACTIVE +SECRETS +CREATED\n`+
		`app +app +public +password refresh_token +all +true +0 +\S+Z\nweb +web +confidential +client_credentials +all +true +1 +\S+Z\n$`,
		inst.mustRun(t, "client", "list"))
	clients := decodeLines(t, inst.mustRun(t, "client", "list", "--json"))
	for _, client := range clients {
		delete(client, "created_at")
	}
	require.Equal(t, []object{
		{"id": "app", "name": "app", "public": true, "first_party": true, "active": true, "secrets": 0.0, "access_token_algorithm": "", "claims": nil,
			"grants": []any{"password", "refresh_token"}, "scopes": []any{}, "audiences": []any{}},
		{"id": "web", "name": "web", "public": false, "first_party": false, "active": true, "secrets": 1.0, "access_token_algorithm": "", "claims": nil,
			"grants": []any{"client_credentials"}, "scopes": []any{}, "audiences": []any{"https://api.example"}},
	}, clients)
}

// Over HTTP, a client secret is shown once. After a rotation both secrets work until the overlap ends.
func TestRotateClientSecret(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, _ installation, s *server) {
		admin := s.devToken(t, "admin")
		secretOf := func(got response) string {
			require.Equal(t, http.StatusCreated, got.status, got.body)
			return field(t, got.body, "client_secret")
		}
		status := func(secret string) int {
			return s.post(t, "/token", "grant_type", "client_credentials", "client_id", "job", "client_secret", secret).status
		}
		first := secretOf(s.call(t, admin, "POST /api/clients", object{"id": "job", "name": "Job", "grants": []string{"client_credentials"}}))
		second := secretOf(s.call(t, admin, "POST /api/clients/job/secrets", object{}))
		require.Equal(t, []int{http.StatusOK, http.StatusOK}, []int{status(first), status(second)})
		third := secretOf(s.call(t, admin, "POST /api/clients/job/secrets", object{"overlap_seconds": 3600}))
		require.Equal(t, []int{http.StatusUnauthorized, http.StatusOK, http.StatusOK}, []int{status(first), status(second), status(third)})
		fourth := secretOf(s.call(t, admin, "POST /api/clients/job/secrets", object{"overlap_seconds": 0}))
		require.Equal(t, []int{http.StatusUnauthorized, http.StatusOK}, []int{status(third), status(fourth)})

		shown := s.get(t, "/api/clients/job", admin).body + s.get(t, "/api/clients", admin).body
		for _, secret := range []string{first, second, third, fourth} {
			require.NotContains(t, shown, secret)
			require.NotContains(t, s.wholeLog(t), secret)
		}
		require.Equal(t, http.StatusConflict, s.call(t, admin, "POST /api/clients", object{"id": "job", "name": "Job", "grants": []string{"client_credentials"}}).status)
		require.Equal(t, http.StatusOK, status(fourth), "the existing client is unchanged")
	})
}

// A user who may only manage clients cannot gain scopes through a client.
func TestClientManagerGainsNoScopes(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	inst.addUsers(t)
	s := start(t, inst)
	keeper := s.devToken(t, "keeper")
	got := s.call(t, keeper, "POST /api/clients", object{"id": "ladder", "name": "L", "first_party": true, "grants": []string{"password"}, "scopes": []string{"users:write"}})
	require.Equal(t, http.StatusCreated, got.status, got.body)
	secret := field(t, got.body, "client_secret")
	require.Equal(t, http.StatusForbidden, s.call(t, keeper, "PATCH /api/clients/ladder", object{"grants": []string{"client_credentials"}}).status)
	require.Equal(t, "invalid_scope", field(t, s.login(t, "keeper", devPassword("keeper"),
		"client_id", "ladder", "client_secret", secret, "scope", "users:write").body, "error"))
	require.Equal(t, http.StatusForbidden, s.call(t, keeper, "PUT /api/roles/ROLE_KEEPER", object{"scopes": []string{"users:write"}}).status)
}

// Without the built-in client, requests that name no client get 401. Those from a page get it without the
// challenge that opens the password dialog of a browser.
func TestPublicClientDisabled(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	inst.addClients(t)
	s := start(t, inst)
	_, token := s.devSignIn(t, "user")
	s.stop()
	s = start(t, inst, "LATCHKEY_PUBLIC_CLIENT=false")
	require.Equal(t, http.StatusUnauthorized, s.login(t, "user", devPassword("user")).status)
	require.Equal(t, http.StatusUnauthorized, s.refresh(t, token).status)
	require.Equal(t, http.StatusUnauthorized, s.refresh(t, token, "client_id", "latchkey-public").status)
	s.devToken(t, "user", "client_id", "spa")
	for _, path := range []string{"/api/auth/signin", "/api/auth/login"} {
		r := s.newRequest(t, "POST "+path, jsonType, `{"username": "user", "password": "user-dev-password"}`)
		r.Header.Set("X-Requested-With", "fetch")
		got := send(t, s.httpClient(t), r)
		require.Equal(t, http.StatusUnauthorized, got.status, path)
		require.NotContains(t, got.header.Get("WWW-Authenticate"), "Basic", path)
	}
}

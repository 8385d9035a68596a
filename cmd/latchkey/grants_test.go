package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// post sends a form, given as names and values.
func (s *server) post(t *testing.T, path string, form ...string) answer {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	return send(t, client(t, ""), request(t, http.MethodPost, s.url+path, "application/x-www-form-urlencoded", values.Encode()))
}

// refresh uses a refresh token.
func (s *server) refresh(t *testing.T, token string, more ...string) answer {
	t.Helper()
	return s.post(t, "/token", append([]string{"grant_type", "refresh_token", "refresh_token", token}, more...)...)
}

// session signs in and gives both tokens.
func (s *server) session(t *testing.T, user, password string, more ...string) (access, refresh string) {
	t.Helper()
	got := s.login(t, "", user, password, more...)
	require.Equal(t, http.StatusOK, got.status, got.body)
	return member(t, got.body, "access_token"), member(t, got.body, "refresh_token")
}

// requireRefused fails unless an answer is the one to every refresh token that does not work.
func requireRefused(t *testing.T, got answer) {
	t.Helper()
	require.Equal(t, http.StatusBadRequest, got.status, got.body)
	require.JSONEq(t, `{"error": "invalid_grant", "error_description": "the refresh token is unknown, expired, revoked or used"}`, got.body)
}

// claim reads a claim of an access token, unverified.
func claim(t *testing.T, token, name string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(raw, &claims))
	value, ok := claims[name].(string)
	require.True(t, ok, "%s in %s", name, raw)
	return value
}

// What is refused for another reason than the token does not use it up: clients find out by trying
// how to authenticate.
func TestRefusedIsNotUsedUp(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		world(t, at, func(ctx context.Context, db database) { stockClients(ctx, t, db) })
		s := start(t, at)
		web := []string{"client_id", "web", "client_secret", secrets["web"]}
		_, token := s.session(t, "moderator", devPassword("moderator"), web...)
		for name, c := range map[string]struct {
			form   []string
			status int
			code   string
		}{
			"nobody in particular": {nil, http.StatusUnauthorized, "invalid_client"},
			"the id alone":         {[]string{"client_id", "web"}, http.StatusUnauthorized, "invalid_client"},
			"a wrong secret":       {[]string{"client_id", "web", "client_secret", "wrong"}, http.StatusUnauthorized, "invalid_client"},
			"another client":       {[]string{"client_id", "spa"}, http.StatusBadRequest, "invalid_grant"},
			"the built-in client":  {[]string{"client_id", "latchkey-public"}, http.StatusBadRequest, "invalid_grant"},
			"a wider scope":        {append([]string{"scope", "users:write"}, web...), http.StatusBadRequest, "invalid_scope"},
		} {
			got := s.refresh(t, token, c.form...)
			require.Equal(t, c.status, got.status, name)
			require.Equal(t, c.code, member(t, got.body, "error"), name)
			require.Equal(t, 0, at.number(t, `SELECT max(counter) FROM sessions`), name)
		}
		got := s.refresh(t, token, web...)
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Equal(t, 1, at.number(t, `SELECT max(counter) FROM sessions`))
	})
}

// A narrower scope is that of one access token; the session keeps what it was given. Roles are read
// anew: what was taken is gone, what came back is there, what was never asked for does not come.
func TestRefreshedScopes(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		_, token := s.session(t, "moderator", devPassword("moderator"))
		_, narrow := s.session(t, "moderator", devPassword("moderator"), "scope", "profile")
		next := func(token *string, scope string) string {
			got := s.refresh(t, *token, "scope", scope)
			require.Equal(t, http.StatusOK, got.status, got.body)
			*token = member(t, got.body, "refresh_token")
			return member(t, got.body, "scope")
		}
		require.Equal(t, "profile", next(&token, "profile"))
		require.Equal(t, "profile users:read", next(&token, ""))
		require.Equal(t, "profile", next(&narrow, ""))
		require.Equal(t, outcome{}, command(t, at, "", "user", "grant", "moderator", "ROLE_USER"))
		require.Equal(t, outcome{}, command(t, at, "", "user", "revoke", "moderator", "ROLE_MODERATOR"))
		require.Equal(t, "profile", next(&token, ""))
		require.Equal(t, "invalid_scope", member(t, s.refresh(t, token, "scope", "users:read").body, "error"))
		require.Equal(t, outcome{}, command(t, at, "", "user", "grant", "moderator", "ROLE_ADMIN"))
		require.Equal(t, "profile users:read", next(&token, ""))
		require.Equal(t, "profile", next(&narrow, ""))
	})
}

// The built-in client can be switched off: then nobody in particular gets nothing, and a page cannot
// sign in, without the browser's own password dialog.
func TestNoPublicClient(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	world(t, at, func(ctx context.Context, db database) { stockClients(ctx, t, db) })
	s := start(t, at)
	_, token := s.session(t, "user", devPassword("user"))
	s.stop()
	s = start(t, at, "LATCHKEY_PUBLIC_CLIENT=false")
	require.Equal(t, http.StatusUnauthorized, s.login(t, "", "user", devPassword("user")).status)
	require.Equal(t, http.StatusUnauthorized, s.refresh(t, token).status)
	require.Equal(t, http.StatusUnauthorized, s.refresh(t, token, "client_id", "latchkey-public").status)
	require.Equal(t, http.StatusOK, s.login(t, "", "user", devPassword("user"), "client_id", "spa").status)
	for _, path := range []string{"/api/auth/signin", "/api/auth/login"} {
		r := request(t, http.MethodPost, s.url+path, "application/json", `{"username": "user", "password": "user-dev-password"}`)
		r.Header.Set("X-Requested-With", "fetch")
		got := send(t, client(t, ""), r)
		require.Equal(t, http.StatusUnauthorized, got.status, path)
		require.NotContains(t, got.header.Get("WWW-Authenticate"), "Basic", path)
	}
}

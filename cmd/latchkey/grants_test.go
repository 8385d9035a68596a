package main

import (
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

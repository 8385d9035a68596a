package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Users, roles and hooks are changed by command while the service runs.
func TestEditByCommand(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		token := s.token(t, "user", devPassword("user"))
		require.Equal(t, outcome{}, command(t, at, "", "user", "edit", "user", "--name", "U. Ser", "--email", "new@example.com", "--no-verified"))
		me := decoded(t, s.ask(t, "", token, "GET /api/users/me").body)
		require.Equal(t, "U. Ser", me["name"])
		require.Equal(t, "new@example.com", me["email"])
		require.Equal(t, false, me["email_verified"])
		require.Equal(t, outcome{code: 1, err: "latchkey: the username is taken\n"}, command(t, at, "", "user", "edit", "user", "--username", "ADMIN"))

		require.Equal(t, outcome{}, command(t, at, "", "role", "put", "ROLE_EDITOR", "--scope", "articles:write"))
		require.Contains(t, command(t, at, "", "role", "list", "--json").out, `{"builtin":false,"name":"ROLE_EDITOR","scopes":["articles:write"]}`)
		require.Equal(t, outcome{}, command(t, at, "", "user", "grant", "user", "ROLE_EDITOR"))
		require.Equal(t, outcome{}, command(t, at, "", "role", "delete", "ROLE_EDITOR"))
		require.Equal(t, 1, command(t, at, "", "role", "delete", "ROLE_USER").code)

		require.Equal(t, outcome{}, command(t, at, "", "user", "sign-out", "user"))
		require.Equal(t, http.StatusUnauthorized, s.ask(t, "", token, "GET /api/users/me").status)
	})
}

// The secret of a hook can be had again.
func TestHookSecretByCommand(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	start(t, at)
	made := command(t, at, "", "hook", "create", "http://127.0.0.1:1/")
	require.Zero(t, made.code, made.err)
	id := member(t, command(t, at, "", "hook", "list", "--json").out, "id")
	require.Equal(t, strings.TrimSpace(made.out), strings.TrimSpace(command(t, at, "", "hook", "secret", id).out))
	require.Equal(t, 1, command(t, at, "", "hook", "secret", "5f0c6c1e-9b0e-4a3e-8a64-0d7b8c7f3a11").code)
}

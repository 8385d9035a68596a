package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// items gives one member of every item of a list.
func items[T any](t *testing.T, got answer, name string) (all []T) {
	t.Helper()
	require.Equal(t, http.StatusOK, got.status, got.body)
	var list struct {
		Items []map[string]any `json:"items"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &list))
	for _, item := range list.Items {
		value, ok := item[name].(T)
		require.True(t, ok, "%s in %v", name, item)
		all = append(all, value)
	}
	return all
}

// A user sees where he is signed in, and ends one, the others, or all.
func TestOwnSessions(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, _ place, replicas []*server) {
		const path = "/api/auth/users/me/sessions"
		s, last := replicas[0], replicas[len(replicas)-1]
		_, foreign := s.session(t, "admin", devPassword("admin"))
		var access, refresh [4]string
		for i := range access {
			access[i], refresh[i] = s.session(t, "user", devPassword("user"))
		}
		ids := items[string](t, last.get(t, path, access[3]), "id")
		require.ElementsMatch(t, []string{claim(t, access[0], "sid"), claim(t, access[1], "sid"), claim(t, access[2], "sid"), claim(t, access[3], "sid")}, ids)
		for i, current := range items[bool](t, last.get(t, path, access[3]), "current") {
			require.Equal(t, ids[i] == claim(t, access[3], "sid"), current)
		}

		require.Equal(t, http.StatusNoContent, last.call(t, http.MethodDelete, path+"/"+claim(t, access[0], "sid"), access[3], "").status)
		requireEnded(t, replicas, access[0], refresh[0])
		require.Len(t, items[string](t, s.get(t, path, access[3]), "id"), 3)

		require.Equal(t, http.StatusNoContent, last.call(t, http.MethodDelete, path, access[3], "").status)
		requireEnded(t, replicas, access[1], refresh[1])
		requireEnded(t, replicas, access[2], refresh[2])
		require.Equal(t, []bool{true}, items[bool](t, s.get(t, path, access[3]), "current"))

		require.Equal(t, http.StatusNoContent, last.call(t, http.MethodDelete, path+"?include_current=true", access[3], "").status)
		requireEnded(t, replicas, access[3], refresh[3])
		require.Equal(t, http.StatusOK, s.refresh(t, foreign).status, "nobody else's")
	})
}

// An administrator sees and ends the sessions of anybody.
func TestSessionsOfAnybody(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, _ place, replicas []*server) {
		admin := replicas[0].token(t, "admin", devPassword("admin"))
		access, refresh := replicas[0].session(t, "user", devPassword("user"))
		path := "/api/users/" + claim(t, access, "sub") + "/sessions"
		require.Equal(t, []string{claim(t, access, "sid")}, items[string](t, replicas[0].get(t, path, admin), "id"))
		require.Equal(t, http.StatusNoContent, replicas[0].call(t, http.MethodDelete, path, admin, "").status)
		requireEnded(t, replicas, access, refresh)
		require.Empty(t, items[string](t, replicas[0].get(t, path, admin), "id"))
		require.Equal(t, http.StatusOK, replicas[0].get(t, "/api/users/me", admin).status)
	})
}

// A new role carries its scopes into the next token; deleted, it is gone from the tokens that exist.
func TestRoles(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		admin := s.token(t, "admin", devPassword("admin"))
		got := s.call(t, http.MethodPut, "/api/roles/ROLE_AUDITOR", admin, `{"scopes": ["audit:read", "profile", "audit:read"]}`)
		require.JSONEq(t, `{"name": "ROLE_AUDITOR", "scopes": ["audit:read", "profile"], "builtin": false}`, got.body)
		require.Contains(t, items[string](t, s.get(t, "/api/roles", admin), "name"), "ROLE_AUDITOR")
		require.Equal(t, outcome{}, command(t, at, "", "user", "grant", "user", "ROLE_AUDITOR"))
		granted := s.login(t, "", "user", devPassword("user"))
		require.Equal(t, "audit:read profile", member(t, granted.body, "scope"))
		token := member(t, granted.body, "access_token")

		s.call(t, http.MethodPut, "/api/roles/ROLE_AUDITOR", admin, `{"scopes": []}`)
		require.Equal(t, "profile", member(t, s.refresh(t, member(t, granted.body, "refresh_token")).body, "scope"))
		require.Equal(t, http.StatusNoContent, s.call(t, http.MethodDelete, "/api/roles/ROLE_AUDITOR", admin, "").status)
		require.NotContains(t, s.get(t, "/api/users/me", token).body, "ROLE_AUDITOR")
		require.Equal(t, http.StatusNotFound, s.get(t, "/api/roles/ROLE_AUDITOR", admin).status)
	})
}

// Over HTTP: a secret is shown once; two work while a client changes over, and the old one ends.
func TestTwoClientSecrets(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		admin := s.token(t, "admin", devPassword("admin"))
		secretOf := func(got answer) string {
			require.Equal(t, http.StatusCreated, got.status, got.body)
			return member(t, got.body, "client_secret")
		}
		status := func(secret string) int {
			return s.post(t, "/token", "grant_type", "client_credentials", "client_id", "job", "client_secret", secret).status
		}
		first := secretOf(s.call(t, http.MethodPost, "/api/clients", admin, `{"id": "job", "name": "Job", "grants": ["client_credentials"]}`))
		second := secretOf(s.call(t, http.MethodPost, "/api/clients/job/secrets", admin, `{}`))
		require.Equal(t, []int{http.StatusOK, http.StatusOK}, []int{status(first), status(second)})
		third := secretOf(s.call(t, http.MethodPost, "/api/clients/job/secrets", admin, `{"overlap_seconds": 3600}`))
		require.Equal(t, []int{http.StatusUnauthorized, http.StatusOK, http.StatusOK}, []int{status(first), status(second), status(third)})
		fourth := secretOf(s.call(t, http.MethodPost, "/api/clients/job/secrets", admin, `{"overlap_seconds": 0}`))
		require.Equal(t, []int{http.StatusUnauthorized, http.StatusOK}, []int{status(third), status(fourth)})

		shown := s.get(t, "/api/clients/job", admin).body + s.get(t, "/api/clients", admin).body
		for _, secret := range []string{first, second, third, fourth} {
			require.NotContains(t, shown, secret)
			require.NotContains(t, s.log.String(), secret)
		}
		require.Equal(t, http.StatusConflict, s.call(t, http.MethodPost, "/api/clients", admin, `{"id": "job", "name": "Job", "grants": ["client_credentials"]}`).status)
		require.Equal(t, http.StatusOK, status(fourth), "and nothing is changed")
	})
}

// Whoever may only manage clients gets no further by way of one.
func TestNoWayUpByClients(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	world(t, at, func(ctx context.Context, db database) { stockUsers(ctx, t, db) })
	s := start(t, at)
	keeper := s.token(t, "keeper", devPassword("keeper"))
	got := s.call(t, http.MethodPost, "/api/clients", keeper, `{"id": "ladder", "name": "L", "first_party": true, "grants": ["password"], "scopes": ["users:write"]}`)
	require.Equal(t, http.StatusCreated, got.status, got.body)
	secret := member(t, got.body, "client_secret")
	require.Equal(t, http.StatusForbidden, s.call(t, http.MethodPatch, "/api/clients/ladder", keeper, `{"grants": ["client_credentials"]}`).status)
	require.Equal(t, "invalid_scope", member(t, s.login(t, "", "keeper", devPassword("keeper"),
		"client_id", "ladder", "client_secret", secret, "scope", "users:write").body, "error"))
	require.Equal(t, http.StatusForbidden, s.call(t, http.MethodPut, "/api/roles/ROLE_KEEPER", keeper, `{"scopes": ["users:write"]}`).status)
}

// The master secret is replaced while a pair of servers runs on, one restarted at a time: first both
// must know the new one, then it comes first, then the old one goes. All along nothing that was
// given out by either fails at either.
func TestMasterSecretOfReplicas(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		pair := []*server{start(t, at, "LATCHKEY_SECRET="+oldSecret), start(t, at, "LATCHKEY_SECRET="+oldSecret)}
		access, refresh := pair[0].session(t, "user", devPassword("user"))
		given := []string{access}
		check := func() {
			t.Helper()
			for range 2 {
				for _, s := range pair {
					for _, token := range given {
						require.Equal(t, http.StatusOK, s.get(t, "/api/users/me", token).status)
					}
					got := s.refresh(t, refresh)
					require.Equal(t, http.StatusOK, got.status, got.body)
					refresh, access = member(t, got.body, "refresh_token"), member(t, got.body, "access_token")
				}
			}
			given = append(given, access)
		}
		check()
		for _, secrets := range []string{oldSecret + "," + newSecret, newSecret + "," + oldSecret, newSecret} {
			if !strings.Contains(secrets, ",") {
				soon(t, func() bool { return keys(t, at, newSecret, "list").code == 0 }) // all keys are sealed by it
			}
			for i := range pair {
				pair[i].stop()
				pair[i] = start(t, at, "LATCHKEY_SECRET="+secrets)
				check()
			}
		}
		require.Len(t, kids(t, at, newSecret, "signing"), 1)
	})
}

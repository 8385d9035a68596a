package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

var raceRounds = flag.Int("races.rounds", 20, "rounds of simultaneous refreshing on each engine")

const presenters = 100 // of one refresh token at once

// onReplicas runs a test on three servers of one PostgreSQL and on one server of an SQLite file.
func onReplicas(t *testing.T, test func(t *testing.T, at place, replicas []*server), environment ...string) {
	t.Helper()
	onEachEngine(t, func(t *testing.T, at place) {
		world(t, at, func(ctx context.Context, db database) { stockClients(ctx, t, db) })
		replicas := []*server{start(t, at, environment...)}
		if strings.HasPrefix(at.database, "postgres") {
			replicas = append(replicas, launch(t, at, environment...), launch(t, at, environment...))
			replicas[1].await()
			replicas[2].await()
		}
		test(t, at, replicas)
	})
}

// number asks for one number beside the servers.
func (p place) number(t *testing.T, query string) (n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if path, ok := strings.CutPrefix(p.database, "sqlite:"); ok {
		db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(5000)")
		require.NoError(t, err)
		defer func() { _ = db.Close() }()
		require.NoError(t, db.QueryRowContext(ctx, query).Scan(&n))
		return n
	}
	conn, err := pgx.Connect(ctx, p.database)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	require.NoError(t, conn.QueryRow(ctx, query).Scan(&n))
	return n
}

// A hundred at once present one refresh token, again and again: it is rotated once, all get an
// answer, and all the same successor.
func TestSimultaneousRefresh(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, at place, replicas []*server) {
		caller := client(t, "")
		access, token := replicas[0].session(t, "user", devPassword("user"))
		counter := fmt.Sprintf("SELECT counter FROM sessions WHERE id = '%s'", claim(t, access, "sid"))
		for round := 1; round <= *raceRounds; round++ {
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}.Encode()
			all := atOnce(presenters, func(n int) answer {
				s := replicas[n%len(replicas)]
				return send(t, caller, request(t, http.MethodPost, s.url+"/token", "application/x-www-form-urlencoded", form))
			})
			successors := map[string]int{}
			for _, got := range all {
				require.Equal(t, http.StatusOK, got.status, "round %d: %s", round, got.body)
				successors[member(t, got.body, "refresh_token")]++
			}
			require.Len(t, successors, 1, "round %d", round)
			require.NotContains(t, successors, token)
			token = member(t, all[0].body, "refresh_token")
			require.Equal(t, presenters, successors[token])
			require.Equal(t, round, at.number(t, counter))
		}
		for _, s := range replicas {
			require.Equal(t, http.StatusOK, s.refresh(t, token).status)
		}
	})
}

// introspect asks as the confidential client web whether a token is active.
func (s *server) introspect(t *testing.T, token string) bool {
	t.Helper()
	got := s.post(t, "/introspect", "token", token, "client_id", "web", "client_secret", secrets["web"])
	require.Equal(t, http.StatusOK, got.status, got.body)
	if strings.Contains(got.body, "false") {
		require.JSONEq(t, `{"active": false}`, got.body)
		return false
	}
	return true
}

// requireEnded fails unless a session's tokens work nowhere, by the very next request to each.
func requireEnded(t *testing.T, replicas []*server, access, refresh string, more ...string) {
	t.Helper()
	for _, s := range replicas {
		require.Equal(t, http.StatusUnauthorized, s.get(t, "/api/auth/users/me", access).status)
		require.False(t, s.introspect(t, access))
		require.False(t, s.introspect(t, refresh))
		requireRefused(t, s.refresh(t, refresh, more...))
	}
}

// A token that comes back after the time for retries ends the session everywhere, though the answer
// is an error. Within that time the same successor is given.
func TestReplayEndsTheSession(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, at place, replicas []*server) {
		web := []string{"client_id", "web", "client_secret", secrets["web"]}
		last := replicas[len(replicas)-1]
		_, first := replicas[0].session(t, "user", devPassword("user"), web...)
		second := member(t, replicas[0].refresh(t, first, web...).body, "refresh_token")
		again := last.refresh(t, first, web...)
		require.Equal(t, http.StatusOK, again.status, again.body)
		require.Equal(t, second, member(t, again.body, "refresh_token"))

		soon(t, func() bool { return !last.introspect(t, first) })
		require.True(t, last.introspect(t, second), "asking ends nothing")
		requireRefused(t, last.refresh(t, first, web...))
		requireEnded(t, replicas, member(t, again.body, "access_token"), second, web...)
		require.Equal(t, 1, at.number(t, `SELECT count(*) FROM sessions WHERE revoked_reason = 'refresh_reuse'`))
		require.Contains(t, last.log.String(), "refresh token reused: session revoked")
		require.Equal(t, http.StatusOK, last.login(t, "", "user", devPassword("user")).status)
	}, "LATCHKEY_REFRESH_GRACE=3s")
}

// A token that is two behind is nobody's retry, however soon it comes.
func TestTwoBehindEndsTheSession(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, _ place, replicas []*server) {
		_, first := replicas[0].session(t, "user", devPassword("user"))
		second := member(t, replicas[0].refresh(t, first).body, "refresh_token")
		third := replicas[0].refresh(t, second)
		requireRefused(t, replicas[0].refresh(t, first))
		requireEnded(t, replicas, member(t, third.body, "access_token"), member(t, third.body, "refresh_token"))
	})
}

// What ends sessions ends them everywhere by the next request, and no other user's.
func TestSessionsEndEverywhere(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, at place, replicas []*server) {
		s := replicas[0]
		otherAccess, otherRefresh := s.session(t, "admin", devPassword("admin"))
		access, refresh := s.session(t, "user", devPassword("user"))
		require.Equal(t, http.StatusOK, s.post(t, "/revoke", "token", access).status)
		requireEnded(t, replicas, access, refresh)

		access, refresh = s.session(t, "user", devPassword("user"))
		require.Equal(t, http.StatusOK, s.post(t, "/revoke", "token", refresh, "token_type_hint", "access_token").status)
		requireEnded(t, replicas, access, refresh)

		access, refresh = s.session(t, "user", devPassword("user"))
		require.Equal(t, outcome{}, command(t, at, "another good password\n", "user", "set-password", "user"))
		requireEnded(t, replicas, access, refresh)

		access, refresh = s.session(t, "moderator", devPassword("moderator"))
		require.Equal(t, outcome{}, command(t, at, "", "user", "disable", "moderator"))
		requireEnded(t, replicas, access, refresh)
		require.Equal(t, outcome{}, command(t, at, "", "user", "enable", "moderator"))
		requireEnded(t, replicas, access, refresh)

		access, refresh = s.session(t, "user", "another good password")
		require.Equal(t, outcome{}, command(t, at, "", "user", "delete", "user", "--yes"))
		requireEnded(t, replicas, access, refresh)

		require.Equal(t, http.StatusOK, s.get(t, "/api/users/me", otherAccess).status)
		require.Equal(t, http.StatusOK, s.refresh(t, otherRefresh).status)
	})
}

// A session whose client is switched off or deleted has ended.
func TestSessionsEndWithTheirClient(t *testing.T) {
	t.Parallel()
	onReplicas(t, func(t *testing.T, _ place, replicas []*server) {
		s := replicas[0]
		admin := s.token(t, "admin", devPassword("admin"))
		access, refresh := s.session(t, "user", devPassword("user"), "client_id", "spa")
		got := s.call(t, http.MethodPatch, "/api/clients/spa", admin, `{"active": false}`)
		require.Equal(t, http.StatusOK, got.status, got.body)
		requireEnded(t, replicas, access, refresh)
		got = s.call(t, http.MethodPatch, "/api/clients/spa", admin, `{"active": true}`)
		require.Equal(t, http.StatusOK, got.status, got.body)
		requireEnded(t, replicas, access, refresh)
		access, refresh = s.session(t, "user", devPassword("user"), "client_id", "spa")
		require.Equal(t, http.StatusNoContent, s.call(t, http.MethodDelete, "/api/clients/spa", admin, "").status)
		requireEnded(t, replicas, access, refresh)

		own := s.clientToken(t, "worker", "worker-secret")
		require.True(t, s.introspect(t, own))
		require.Equal(t, http.StatusOK, s.post(t, "/revoke", "token", own, "client_id", "worker", "client_secret", "worker-secret").status)
		for _, s := range replicas {
			require.False(t, s.introspect(t, own))
		}
	})
}

// call sends JSON with a bearer token.
func (s *server) call(t *testing.T, method, path, token, body string) answer {
	t.Helper()
	r := request(t, method, s.url+path, "", body)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return send(t, client(t, ""), r)
}

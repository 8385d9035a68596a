package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver of dump
	"github.com/stretchr/testify/require"
)

// open opens the database of a place beside the server.
func (p place) open(t *testing.T) *sql.DB {
	t.Helper()
	driver, source := "pgx", p.database
	if path, ok := strings.CutPrefix(p.database, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)"
	}
	db, err := sql.Open(driver, source)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// count gives the number that a query answers.
func (p place) count(t *testing.T, query string) int {
	t.Helper()
	var n int
	require.NoError(t, p.open(t).QueryRowContext(context.Background(), query).Scan(&n))
	return n
}

// columns gives every value of every row of a table as text.
func (p place) columns(t *testing.T, table string) string {
	t.Helper()
	rows, err := p.open(t).QueryContext(context.Background(), `SELECT * FROM `+pgx.Identifier{table}.Sanitize())
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	require.NoError(t, err)
	var all strings.Builder
	for rows.Next() {
		values, places := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			places[i] = &values[i]
		}
		require.NoError(t, rows.Scan(places...))
		for i, value := range values {
			if raw, ok := value.([]byte); ok {
				value = string(raw)
			}
			_, _ = fmt.Fprintf(&all, "%s=%v\n", names[i], value)
		}
	}
	require.NoError(t, rows.Err())
	return all.String()
}

// onlyEvent gives the one event of a request.
func onlyEvent(t *testing.T, at place, requestID string) object {
	t.Helper()
	got := command(t, at, "", "audit", "--json", "--limit", "0")
	require.Zero(t, got.code, got.err)
	var found []object
	for _, line := range lines(got.out) {
		var e object
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		if e["request_id"] == requestID {
			found = append(found, e)
		}
	}
	require.Len(t, found, 1)
	return found[0]
}

// Each act leaves exactly one event, which says who did what to whom, from where and in which
// request; so does one that fails.
func TestEveryActHasOneEvent(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		admin, user := s.token(t, "admin", devPassword("admin")), s.token(t, "user", devPassword("user"))
		userPath := "/api/users/" + claim(t, user, "sub")
		for _, act := range []struct {
			token, operation string
			body             any // nil: none
			status           int
			action, outcome  string
			actor, target    string
			reason           string
		}{
			{"", "POST /api/auth/signup", object{"username": "alice", "email": "alice@example.com", "password": "a long enough one"}, 201, "user.registered", "success", "alice", "alice", ""},
			{"", "POST /api/auth/signin", object{"username": "user", "password": "a wrong one"}, 401, "user.signed_in", "failure", "", "user", "*"},
			{"", "POST /api/auth/signin", object{"username": "user", "password": devPassword("user")}, 200, "user.signed_in", "success", "user", "user", ""},
			{user, "PATCH /api/auth/users/me", object{"name": "U"}, 200, "user.updated", "success", "user", "user", ""},
			{user, "PATCH /api/auth/users/me", object{"email": "u@example.com", "current_password": devPassword("user")}, 200, "user.email_change_requested", "success", "user", "user", ""},
			{user, "PATCH /api/auth/users/me", object{"password": devPassword("user") + "2", "current_password": devPassword("user")}, 200, "user.password_changed", "success", "user", "user", ""},
			{admin, "POST /api/users", object{"username": "bob", "email": "bob@example.com", "password": "a long enough one"}, 201, "user.created", "success", "admin", "bob", ""},
			{admin, "PATCH " + userPath, object{"name": "V"}, 200, "user.updated", "success", "admin", "user", ""},
			{admin, "PUT " + userPath + "/roles/ROLE_MODERATOR", nil, 204, "user.role_granted", "success", "admin", "user", "ROLE_MODERATOR"},
			{admin, "DELETE " + userPath + "/roles/ROLE_MODERATOR", nil, 204, "user.role_revoked", "success", "admin", "user", "ROLE_MODERATOR"},
			{admin, "DELETE " + userPath + "/sessions", nil, 204, "session.all_ended", "success", "admin", "*", "*"},
			{admin, "POST " + userPath + "/force-reset", nil, 202, "user.reset_requested", "success", "admin", "user", ""},
			{admin, "PATCH " + userPath, object{"active": false}, 200, "user.disabled", "success", "admin", "user", ""},
			{admin, "PATCH " + userPath, object{"active": true}, 200, "user.enabled", "success", "admin", "user", ""},
			{admin, "PUT /api/roles/ROLE_EXTRA", object{"scopes": []string{"profile"}}, 200, "role.changed", "success", "admin", "ROLE_EXTRA", ""},
			{admin, "DELETE /api/roles/ROLE_EXTRA", nil, 204, "role.deleted", "success", "admin", "ROLE_EXTRA", ""},
			{admin, "POST /api/clients", object{"id": "app", "name": "App", "public": true, "first_party": true, "grants": []string{"password"}}, 201, "client.created", "success", "admin", "app", ""},
			{admin, "PATCH /api/clients/app", object{"name": "Application"}, 200, "client.updated", "success", "admin", "app", ""},
			{admin, "DELETE /api/clients/app", nil, 204, "client.deleted", "success", "admin", "app", ""},
			{admin, "DELETE " + userPath, nil, 204, "user.deleted", "success", "admin", "user", ""},
		} {
			body := []any{act.body}
			if act.body == nil {
				body = nil
			}
			got := s.ask(t, "203.0.113.9", act.token, act.operation, body...)
			require.Equal(t, act.status, got.status, "%s: %s", act.operation, got.body)
			id := got.header.Get("X-Request-Id")
			require.NotEmpty(t, id)
			e := onlyEvent(t, at, id)
			require.Equal(t, act.action+" "+act.outcome, fmt.Sprint(e["action"], " ", e["outcome"]), act.operation)
			require.Equal(t, act.actor, e["actor"], act.operation)
			require.Equal(t, "203.0.113.9", e["address"], act.operation)
			require.NotEmpty(t, e["user_agent"], act.operation)
			if act.target != "*" {
				require.Equal(t, act.target, e["target"], act.operation)
			}
			if act.reason != "*" {
				require.Equal(t, act.reason, e["reason"], act.operation)
			}
		}
	})
}

// What was refused has changed nothing and left no event of a success.
func TestWhatIsRefusedLeavesNoSuccess(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		admin := s.token(t, "admin", devPassword("admin"))
		own := "/api/users/" + claim(t, admin, "sub")
		before := at.count(t, `SELECT count(*) FROM audit_events WHERE outcome = 'success'`)
		outbox := at.count(t, `SELECT count(*) FROM outbox WHERE kind = 'notice'`)
		for operation, body := range map[string][]any{
			"DELETE " + own + "/roles/ROLE_ADMIN": nil,
			"DELETE " + own:                       nil,
			"PATCH " + own:                        {object{"active": false}},
			"POST /api/users":                     {object{"username": "USER", "email": "x@example.com", "password": "a long enough one"}},
			"DELETE /api/auth/users/me":           nil,
		} {
			require.Equal(t, http.StatusConflict, s.ask(t, "", admin, operation, body...).status, operation)
		}
		require.Equal(t, before, at.count(t, `SELECT count(*) FROM audit_events WHERE outcome = 'success'`))
		require.LessOrEqual(t, at.count(t, `SELECT count(*) FROM outbox WHERE kind = 'notice'`), outbox)
	})
}

// No password, token, secret or hash of a run is anywhere in the audit log, the outbox or the log.
func TestNoSecretIsKept(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at, "LATCHKEY_SMTP_HOST=127.0.0.1", "LATCHKEY_SMTP_PORT=1", "LATCHKEY_SMTP_TLS=none", "LATCHKEY_MAIL_FROM=x@example.com")
		secrets := []string{"canary-one-password", "canary-two-password", "canary-wrong-password", "$argon2id$"}
		require.Equal(t, http.StatusCreated, s.signUp(t, "alice", secrets[0]).status)
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "alice", secrets[2]).status)
		// Somebody types his password where the name belongs.
		require.Equal(t, http.StatusBadRequest, s.login(t, "", secrets[0], "alice").status)
		login := s.login(t, "", "alice", secrets[0])
		access, refresh := member(t, login.body, "access_token"), member(t, login.body, "refresh_token")
		require.Equal(t, http.StatusOK, s.ask(t, "", access, "PATCH /api/auth/users/me", object{"password": secrets[1], "current_password": secrets[0]}).status)
		require.Equal(t, http.StatusOK, s.post(t, "/token", "grant_type", "refresh_token", "refresh_token", refresh).status)
		require.Equal(t, http.StatusAccepted, s.ask(t, "", "", "POST /api/auth/forgot-password", object{"email": "alice@example.com"}).status)
		admin := s.token(t, "admin", devPassword("admin"))
		made := s.ask(t, "", admin, "POST /api/clients", object{"id": "robot", "name": "Robot", "public": false, "first_party": true, "grants": []string{"client_credentials"}})
		require.Equal(t, http.StatusCreated, made.status, made.body)
		hook := command(t, at, "", "hook", "create", "http://127.0.0.1:1/")
		require.Zero(t, hook.code, hook.err)
		secrets = append(secrets, access, refresh, admin, member(t, made.body, "client_secret"), strings.TrimSpace(hook.out))
		soon(t, func() bool { return strings.Contains(s.log.String(), "job failed") })
		for _, table := range []string{"audit_events", "outbox", "hooks", "hook_deliveries"} {
			kept := at.columns(t, table)
			require.NotRegexp(t, `\b[er]t_[A-Za-z0-9_-]{40}`, kept)
			for i, secret := range secrets {
				require.NotContains(t, kept, secret, "secret %d is in %s", i, table)
			}
		}
		require.NotEmpty(t, at.columns(t, "outbox"), "letters wait there")
		for i, secret := range secrets {
			require.NotContains(t, s.log.String(), secret, "secret %d is in the log", i)
		}
	})
}

package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// onlyEvent returns the only audit event of a request.
func onlyEvent(t *testing.T, inst installation, requestID string) object {
	t.Helper()
	var found []object
	for _, e := range decodeLines(t, inst.mustRun(t, "audit", "--json", "--limit", "0")) {
		if e["request_id"] == requestID {
			found = append(found, e)
		}
	}
	require.Len(t, found, 1)
	return found[0]
}

// Each change and each attempt to sign in has exactly one event, with its actor, target, address and
// request.
func TestEveryChangeHasOneEvent(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		admin, user := s.devToken(t, "admin"), s.devToken(t, "user")
		userPath := "/api/users/" + claim(t, user, "sub")
		for _, c := range []struct {
			token, operation string
			body             any // nil for none
			status           int
			action, outcome  string
			actor, target    string
			reason           string
		}{
			{"", "POST /api/auth/signup", object{"username": "alice", "email": "alice@example.com", "password": validPassword}, 201, "user.registered", "success", "alice", "alice", ""},
			{"", "POST /api/auth/signin", object{"username": "user", "password": "a wrong one"}, 401, "user.signed_in", "failure", "", "user", "*"},
			{"", "POST /api/auth/signin", object{"username": "user", "password": devPassword("user")}, 200, "user.signed_in", "success", "user", "user", ""},
			{user, "PATCH /api/auth/users/me", object{"name": "U"}, 200, "user.updated", "success", "user", "user", ""},
			{user, "PATCH /api/auth/users/me", object{"email": "u@example.com", "current_password": devPassword("user")}, 200, "user.email_change_requested", "success", "user", "user", ""},
			{user, "PATCH /api/auth/users/me", object{"password": devPassword("user") + "2", "current_password": devPassword("user")}, 200, "user.password_changed", "success", "user", "user", ""},
			{admin, "POST /api/users", object{"username": "bob", "email": "bob@example.com", "password": validPassword}, 201, "user.created", "success", "admin", "bob", ""},
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
			body := []any{c.body}
			if c.body == nil {
				body = nil
			}
			got := s.from("203.0.113.9").call(t, c.token, c.operation, body...)
			require.Equal(t, c.status, got.status, "%s: %s", c.operation, got.body)
			id := got.header.Get("X-Request-Id")
			require.NotEmpty(t, id)
			e := onlyEvent(t, inst, id)
			require.Equal(t, c.action+" "+c.outcome, fmt.Sprint(e["action"], " ", e["outcome"]), c.operation)
			require.Equal(t, c.actor, e["actor"], c.operation)
			require.Equal(t, "203.0.113.9", e["address"], c.operation)
			require.NotEmpty(t, e["user_agent"], c.operation)
			if c.target != "*" {
				require.Equal(t, c.target, e["target"], c.operation)
			}
			if c.reason != "*" {
				require.Equal(t, c.reason, e["reason"], c.operation)
			}
		}
	})
}

// A refused change leaves no event with outcome success, and sends no webhook.
func TestRefusedChangeHasNoSuccessEvent(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		admin := s.devToken(t, "admin")
		own := "/api/users/" + claim(t, admin, "sub")
		before := inst.queryInt(t, `SELECT count(*) FROM audit_events WHERE outcome = 'success'`)
		outbox := inst.queryInt(t, `SELECT count(*) FROM outbox WHERE kind = 'notice'`)
		for operation, body := range map[string][]any{
			"DELETE " + own + "/roles/ROLE_ADMIN": nil,
			"DELETE " + own:                       nil,
			"PATCH " + own:                        {object{"active": false}},
			"POST /api/users":                     {object{"username": "USER", "email": "x@example.com", "password": validPassword}},
			"DELETE /api/auth/users/me":           {object{"current_password": devPassword("admin")}},
		} {
			require.Equal(t, http.StatusConflict, s.call(t, admin, operation, body...).status, operation)
		}
		require.Equal(t, before, inst.queryInt(t, `SELECT count(*) FROM audit_events WHERE outcome = 'success'`))
		require.LessOrEqual(t, inst.queryInt(t, `SELECT count(*) FROM outbox WHERE kind = 'notice'`), outbox)
	})
}

// The audit command lists events newest first, as a table or as JSON.
func TestAuditByCommand(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.createUser(t, "alice")
		inst.createUser(t, "bob")
		inst.mustRunSilently(t, "user", "grant", "alice", "ROLE_MODERATOR")
		events := func(arguments ...string) []object {
			return decodeLines(t, inst.mustRun(t, append([]string{"audit", "--json"}, arguments...)...))
		}
		alice := events("--user", "alice@example.com")
		require.Len(t, alice, 2)
		require.Equal(t, "user.role_granted", alice[0]["action"])
		require.Equal(t, "ROLE_MODERATOR", alice[0]["reason"])
		require.Equal(t, "operator", alice[0]["actor"])
		require.Equal(t, "alice", alice[0]["target"])
		require.Len(t, events("--action", "user.created"), 2)
		require.Len(t, events("--limit", "1"), 1)
		require.Len(t, events("--limit", "0"), 3)
		require.Empty(t, events("--failed"))
		table := lines(inst.mustRun(t, "audit"))
		require.Len(t, table, 4)
		require.Regexp(t, `^AT +ACTION +OUTCOME +REASON +ACTOR +TARGET +ADDRESS +REQUEST$`, table[0])
		require.Regexp(t, `^\S+Z +user\.role_granted +success +ROLE_MODERATOR +operator +alice +- +-$`, table[1], "every row has all columns")
		require.Equal(t, 1, inst.run(t, "audit", "--user", "nobody").code)
	})
}

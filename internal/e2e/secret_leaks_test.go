package e2e

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The log holds no password, token or secret, even at level debug.
func TestNoSecretInLog(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		inst.addClients(t)
		s := start(t, inst)
		const password, wrong = "canary-of-the-user", "canary-that-is-wrong"
		s.mustSignUp(t, "canary", password)
		token := s.token(t, "canary", password, "client_id", "rotating", "client_secret", "new-secret")
		s.login(t, "canary", wrong)
		s.login(t, "canary\x00", wrong)
		s.login(t, "canary", password, "client_id", "web", "client_secret", "canary-client-secret")
		s.get(t, "/api/auth/users/me", token)
		s.get(t, "/api/auth/users/me?access_token="+token, token)
		s.get(t, "/token?password="+wrong, "")
		s.get(t, "/nothing?password="+wrong, "")
		s.signUp(t, "canary", password)
		send(t, s.httpClient(t), s.newRequest(t, "POST /api/auth/signin", jsonType, `{"username": "canary", "password": ["`+wrong+`"]}`))
		send(t, s.httpClient(t), s.newRequest(t, "POST /api/auth/signin", jsonType, `{"password": "`+wrong))
		s.stop()

		log := s.log.String()
		require.Greater(t, strings.Count(log, "msg=request"), 10)
		basic := base64.StdEncoding.EncodeToString([]byte("rotating:new-secret"))
		for _, secret := range []string{password, wrong, "new-secret", "canary-client-secret", basic, token, strings.Split(token, ".")[2], "$argon2id$"} {
			require.NotContains(t, log, secret)
		}
	})
}

// The audit log, the outbox, the webhook tables and the log hold no password, token, secret or hash.
func TestNoSecretStored(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		s := start(t, inst, "LATCHKEY_SMTP_HOST=127.0.0.1", "LATCHKEY_SMTP_PORT=1", "LATCHKEY_SMTP_TLS=none", "LATCHKEY_MAIL_FROM=x@example.com")
		secrets := []string{"canary-one-password", "canary-two-password", "canary-wrong-password", "$argon2id$"}
		s.mustSignUp(t, "alice", secrets[0])
		s.requireLoginFails(t, "alice", secrets[2])
		// A user types the password into the username field.
		s.requireLoginFails(t, secrets[0], "alice")
		access, refresh := s.signIn(t, "alice", secrets[0])
		require.Equal(t, http.StatusOK, s.call(t, access, "PATCH /api/auth/users/me", object{"password": secrets[1], "current_password": secrets[0]}).status)
		require.Equal(t, http.StatusOK, s.refresh(t, refresh).status)
		s.forgotPassword(t, "alice@example.com")
		admin := s.devToken(t, "admin")
		created := s.call(t, admin, "POST /api/clients", object{"id": "robot", "name": "Robot", "public": false, "first_party": true, "grants": []string{"client_credentials"}})
		require.Equal(t, http.StatusCreated, created.status, created.body)
		hookSecret := strings.TrimSpace(inst.mustRun(t, "hook", "create", "http://127.0.0.1:1/"))
		secrets = append(secrets, access, refresh, admin, field(t, created.body, "client_secret"), hookSecret)
		eventually(t, func() bool { return strings.Contains(s.log.String(), "job failed") })
		for _, table := range []string{"audit_events", "outbox", "hooks", "hook_deliveries"} {
			text := inst.tableText(t, table)
			require.NotRegexp(t, `\b[er]t_[A-Za-z0-9_-]{40}`, text)
			for i, secret := range secrets {
				require.NotContains(t, text, secret, "secret %d is in %s", i, table)
			}
		}
		require.NotEmpty(t, inst.tableText(t, "outbox"), "undelivered emails are there")
		for i, secret := range secrets {
			require.NotContains(t, s.wholeLog(t), secret, "secret %d is in the log", i)
		}
	})
}

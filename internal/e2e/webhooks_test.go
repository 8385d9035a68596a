package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// receiver is an HTTP server that receives webhooks.
type receiver struct {
	url string

	mu     sync.Mutex
	refuse int // how many calls are still to be refused
	calls  []webhookCall
}

// webhookCall is a received call and the status that it got.
type webhookCall struct {
	header http.Header
	body   string
	status int
}

// newReceiver starts a receiver that refuses the first calls.
func newReceiver(t *testing.T, refuse int) *receiver {
	t.Helper()
	r := &receiver{refuse: refuse}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL + "/hook"
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body) // a body read in part does not verify
	r.mu.Lock()
	defer r.mu.Unlock()
	call := webhookCall{request.Header, string(body), http.StatusNoContent}
	if r.refuse > 0 {
		r.refuse--
		call.status = http.StatusBadGateway
	}
	r.calls = append(r.calls, call)
	w.WriteHeader(call.status)
}

// refuseNext makes the receiver refuse the next calls.
func (r *receiver) refuseNext(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = n
}

// accepted verifies all calls with a secret, and returns the bodies of those that were not refused.
func (r *receiver) accepted(t *testing.T, secret string) []object {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []object
	for _, call := range r.calls {
		call.verify(t, secret)
		if call.status != http.StatusNoContent {
			continue
		}
		all = append(all, decode(t, call.body))
	}
	return all
}

// verify checks the headers and the signature of the Standard Webhooks specification.
func (c webhookCall) verify(t *testing.T, secret string) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	require.NoError(t, err)
	require.Len(t, key, 32)
	id, timestamp := c.header.Get("webhook-id"), c.header.Get("webhook-timestamp")
	sent, err := strconv.ParseInt(timestamp, 10, 64)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), time.Unix(sent, 0), time.Minute)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "." + c.body))
	require.Equal(t, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)), c.header.Get("webhook-signature"))
}

// createHook creates a webhook by command and returns its secret and id.
func createHook(t *testing.T, inst installation, arguments ...string) (secret, id string) {
	t.Helper()
	created := inst.run(t, append([]string{"hook", "create"}, arguments...)...)
	require.Zero(t, created.code, created.stderr)
	_, rest, found := strings.Cut(created.stderr, "hook ")
	require.True(t, found)
	id, _, _ = strings.Cut(rest, ".")
	return strings.TrimSpace(created.stdout), id
}

// A webhook receives each event that it subscribes to once, signed.
func TestWebhookEvents(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		all, some := newReceiver(t, 0), newReceiver(t, 0)
		secret, _ := createHook(t, inst, all.url)
		other, _ := createHook(t, inst, some.url, "--event", "user.role_granted", "--event", "user.deleted")
		require.NotEqual(t, secret, other)

		s.mustSignUp(t, "alice", validPassword)
		require.Equal(t, http.StatusOK, s.verifyEmail(t, inst.waitForToken(t, "alice@example.com", verifySubject)).status)
		alice := s.token(t, "alice", validPassword)
		require.Equal(t, http.StatusOK, s.call(t, alice, "PATCH /api/auth/users/me", object{"password": "quite another one", "current_password": validPassword}).status)
		s.forgotPassword(t, "alice@example.com")
		eventually(t, func() bool { // no email is sent to a disabled user
			return len(inst.emails(t, "alice@example.com", resetSubject)) == 1
		})
		inst.mustRunSilently(t, "user", "grant", "alice", "ROLE_MODERATOR")
		inst.mustRunSilently(t, "user", "revoke", "alice", "ROLE_MODERATOR")
		inst.mustRunSilently(t, "user", "disable", "alice")
		inst.mustRunSilently(t, "user", "delete", "alice", "--yes")

		received := func(r *receiver, secret string) map[string]int {
			seen := map[string]int{}
			for _, event := range r.accepted(t, secret) {
				data := event["data"].(object)
				if require.NotEmpty(t, data["user_id"]); data["username"] == "alice" {
					seen[event["type"].(string)]++
				}
			}
			return seen
		}
		want := map[string]int{"user.registered": 1, "user.verified": 1, "user.signed_in": 1, "user.password_changed": 1, "user.reset_requested": 1,
			"user.role_granted": 1, "user.role_revoked": 1, "user.disabled": 1, "user.deleted": 1}
		eventually(t, func() bool { return len(received(all, secret)) == len(want) && len(received(some, other)) == 2 })
		require.Equal(t, want, received(all, secret))
		require.Equal(t, map[string]int{"user.role_granted": 1, "user.deleted": 1}, received(some, other))
	})
}

// A delivery that fails is retried with the same id. The list of deliveries shows its state, and a command
// sends it again.
func TestWebhookRetryAndReplay(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		r := newReceiver(t, 1)
		secret, id := createHook(t, inst, r.url, "--event", "user.registered")
		s.mustSignUp(t, "alice", validPassword)
		delivery := func() object {
			all := decodeLines(t, inst.mustRun(t, "hook", "deliveries", id, "--json"))
			if len(all) != 1 {
				return object{}
			}
			return all[0]
		}
		eventually(t, func() bool { return delivery()["status"] == "retrying" })
		require.InDelta(t, http.StatusBadGateway, delivery()["response"], 0)
		eventually(t, func() bool { return delivery()["status"] == "delivered" })
		require.InDelta(t, 2, delivery()["attempts"], 0)

		inst.mustRunSilently(t, "hook", "replay", delivery()["id"].(string))
		eventually(t, func() bool { return len(r.accepted(t, secret)) == 2 })
		require.Len(t, r.calls, 3)
		for _, call := range r.calls {
			require.Equal(t, delivery()["id"], call.header.Get("webhook-id"))
			require.Equal(t, r.calls[0].body, call.body)
		}
		table := lines(inst.mustRun(t, "hook", "deliveries", id))
		require.Len(t, table, 2)
		require.Regexp(t, `^ID +EVENT +STATUS +ATTEMPTS +ANSWER +CREATED +TRIED +ERROR$`, table[0])

		listed := inst.mustRun(t, "hook", "list")
		require.Contains(t, listed, id)
		require.Contains(t, listed, "user.registered")
		requireAsks(t, inst, "hook", "delete", id)
		require.Contains(t, inst.mustRun(t, "hook", "list"), id)
		inst.mustRunSilently(t, "hook", "delete", id, "--yes")
		require.Empty(t, inst.mustRun(t, "hook", "list", "--json"))
	})
}

// The secret of a webhook can be shown again.
func TestShowWebhookSecret(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	start(t, inst) // generates the master secret
	secret, id := createHook(t, inst, "http://127.0.0.1:1/")
	require.Equal(t, secret, strings.TrimSpace(inst.mustRun(t, "hook", "secret", id)))
	require.Equal(t, 1, inst.run(t, "hook", "secret", "5f0c6c1e-9b0e-4a3e-8a64-0d7b8c7f3a11").code)
}

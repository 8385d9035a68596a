package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
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

// receiver takes webhooks, and refuses some.
type receiver struct {
	url string

	mu     sync.Mutex
	refuse int // the next so many
	calls  []hookCall
}

// hookCall is one call as it came.
type hookCall struct {
	header http.Header
	body   string
	status int
}

func newReceiver(t *testing.T, refuse int) *receiver {
	t.Helper()
	r := &receiver{refuse: refuse}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL + "/hook"
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body) // what is missing does not verify
	r.mu.Lock()
	defer r.mu.Unlock()
	call := hookCall{request.Header, string(body), http.StatusNoContent}
	if r.refuse > 0 {
		r.refuse--
		call.status = http.StatusBadGateway
	}
	r.calls = append(r.calls, call)
	w.WriteHeader(call.status)
}

// taken gives the calls that were not refused and verify under a secret.
func (r *receiver) taken(t *testing.T, secret string) []object {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []object
	for _, call := range r.calls {
		call.verify(t, secret)
		if call.status != http.StatusNoContent {
			continue
		}
		o := object{}
		require.NoError(t, json.Unmarshal([]byte(call.body), &o))
		all = append(all, o)
	}
	return all
}

// verify holds a call against the Standard Webhooks specification.
func (c hookCall) verify(t *testing.T, secret string) {
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

// hookOn makes a hook by command and gives its secret and id.
func hookOn(t *testing.T, at place, arguments ...string) (secret, id string) {
	t.Helper()
	made := command(t, at, "", append([]string{"hook", "create"}, arguments...)...)
	require.Zero(t, made.code, made.err)
	_, rest, found := strings.Cut(made.err, "hook ")
	require.True(t, found)
	id, _, _ = strings.Cut(rest, ".")
	return strings.TrimSpace(made.out), id
}

// Hooks are told of the life of a user, signed, once.
func TestHooksAreTold(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		all, some := newReceiver(t, 0), newReceiver(t, 0)
		secret, _ := hookOn(t, at, all.url)
		other, _ := hookOn(t, at, some.url, "--event", "user.role_granted", "--event", "user.deleted")
		require.NotEqual(t, secret, other)

		require.Equal(t, http.StatusCreated, s.signUp(t, "alice", "a long enough one").status)
		require.Equal(t, http.StatusOK, s.ask(t, "", "", "POST /api/auth/verify-email", object{"token": at.mailedToken(t, "alice@example.com", verifySubject)}).status)
		alice := s.token(t, "alice", "a long enough one")
		require.Equal(t, http.StatusOK, s.ask(t, "", alice, "PATCH /api/auth/users/me", object{"password": "quite another one", "current_password": "a long enough one"}).status)
		require.Equal(t, http.StatusAccepted, s.ask(t, "", "", "POST /api/auth/forgot-password", object{"email": "alice@example.com"}).status)
		require.Equal(t, outcome{}, command(t, at, "", "user", "grant", "alice", "ROLE_MODERATOR"))
		require.Equal(t, outcome{}, command(t, at, "", "user", "revoke", "alice", "ROLE_MODERATOR"))
		require.Equal(t, outcome{}, command(t, at, "", "user", "disable", "alice"))
		soon(t, func() bool {
			return len(at.mailTo(t, "alice@example.com", resetSubject)) == 1 || len(all.taken(t, secret)) > 8
		})
		require.Equal(t, outcome{}, command(t, at, "", "user", "delete", "alice", "--yes"))

		told := func(r *receiver, secret string) map[string]int {
			seen := map[string]int{}
			for _, notice := range r.taken(t, secret) {
				data := notice["data"].(object)
				if require.NotEmpty(t, data["user_id"]); data["username"] == "alice" {
					seen[notice["type"].(string)]++
				}
			}
			return seen
		}
		want := map[string]int{"user.registered": 1, "user.verified": 1, "user.signed_in": 1, "user.password_changed": 1, "user.reset_requested": 1,
			"user.role_granted": 1, "user.role_revoked": 1, "user.disabled": 1, "user.deleted": 1}
		soon(t, func() bool { return len(told(all, secret)) == len(want) && len(told(some, other)) == 2 })
		require.Equal(t, want, told(all, secret))
		require.Equal(t, map[string]int{"user.role_granted": 1, "user.deleted": 1}, told(some, other))
	})
}

// A receiver that fails is called again with the same id; the log says how it went, and a delivery
// is replayed when somebody asks.
func TestHooksAreTriedAgainAndReplayed(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		s := start(t, at)
		r := newReceiver(t, 1)
		secret, id := hookOn(t, at, r.url, "--event", "user.registered")
		require.Equal(t, http.StatusCreated, s.signUp(t, "alice", "a long enough one").status)
		delivery := func() object {
			got := command(t, at, "", "hook", "deliveries", id, "--json")
			require.Zero(t, got.code, got.err)
			if len(lines(got.out)) != 1 {
				return object{}
			}
			return decoded(t, got.out)
		}
		soon(t, func() bool { return delivery()["status"] == "retrying" })
		require.InDelta(t, http.StatusBadGateway, delivery()["response"], 0)
		soon(t, func() bool { return delivery()["status"] == "delivered" })
		require.InDelta(t, 2, delivery()["attempts"], 0)

		require.Equal(t, outcome{}, command(t, at, "", "hook", "replay", delivery()["id"].(string)))
		soon(t, func() bool { return len(r.taken(t, secret)) == 2 })
		require.Len(t, r.calls, 3)
		for _, call := range r.calls {
			require.Equal(t, delivery()["id"], call.header.Get("webhook-id"))
			require.Equal(t, r.calls[0].body, call.body)
		}
		table := lines(command(t, at, "", "hook", "deliveries", id).out)
		require.Len(t, table, 2)
		require.Regexp(t, `^ID +EVENT +STATUS +ATTEMPTS +ANSWER +CREATED +TRIED +ERROR$`, table[0])

		listed := command(t, at, "", "hook", "list")
		require.Contains(t, listed.out, id)
		require.Contains(t, listed.out, "user.registered")
		require.Equal(t, outcome{}, command(t, at, "", "hook", "delete", id))
		require.Empty(t, command(t, at, "", "hook", "list", "--json").out)
	})
}

func TestHookFaults(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	start(t, at) // which makes the secret of development
	for name, c := range map[string]struct{ arguments, says string }{
		"http elsewhere":   {"create http://example.com/hook", "begins with https://"},
		"no address":       {"create example", "is a URL"},
		"a password in it": {"create https://me:secret@example.com/", "has no user and password"},
		"no such event":    {"create https://example.com/ --event user.praised", "hooks are told of"},
		"delete nothing":   {"delete 00000000-0000-4000-8000-000000000000", "there is no hook"},
		"replay nothing":   {"replay 00000000-0000-4000-8000-000000000000", "there is no delivery"},
		"replay no id":     {"replay nothing", "there is no delivery"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := command(t, at, "", append([]string{"hook"}, strings.Fields(c.arguments)...)...)
			require.Equal(t, 1, got.code, got.err)
			require.Contains(t, got.err, c.says)
			require.NotContains(t, got.err, "secret@")
			require.Empty(t, got.out)
		})
	}
}

package hook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

func TestHookIsTold(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t, Options{}), newReceiver(t, http.StatusNoContent)
	h, secret := w.hook(t, r.URL)
	w.happen(t, audit.UserRegistered)
	at := w.now()
	w.work(t)

	calls := r.got()
	require.Len(t, calls, 1)
	require.True(t, verify(t, secret, calls[0]))
	require.Equal(t, "application/json", calls[0].header.Get("Content-Type"))
	require.JSONEq(t, `{"type":"user.registered","timestamp":"`+at.Format(time.RFC3339)+`","data":{
		"user_id":"8d1c7f2e-0000-4000-8000-000000000001","username":"alice","email":"alice@example.org"}}`, string(calls[0].body))
	require.Empty(t, w.jobs.Jobs())
	id := calls[0].header.Get("Webhook-Id")
	require.Equal(t, []Delivery{{
		ID: id, HookID: h.ID, Event: audit.UserRegistered, Body: calls[0].body, Status: Delivered,
		Attempts: 1, Response: http.StatusNoContent, CreatedAt: at, TriedAt: at,
	}}, w.deliveries(t, h))

	calls[0].body = append(calls[0].body, ' ')
	require.False(t, verify(t, secret, calls[0]), "another body has the same signature")
}

func TestSignatureOfTheSpecification(t *testing.T) {
	t.Parallel()
	// The example of the Standard Webhooks specification's reference libraries.
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	header := http.Header{}
	sign(header, [][]byte{key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", header.Get("Webhook-Signature"))
	require.Equal(t, "1614265330", header.Get("Webhook-Timestamp"))
}

func TestSeveralHooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	all, some, none, off := newReceiver(t, 200), newReceiver(t, 200), newReceiver(t, 200), newReceiver(t, 200)
	w.hook(t, all.URL)
	w.hook(t, some.URL, audit.UserDeleted, audit.RoleGranted)
	w.hook(t, none.URL, audit.UserSignedIn)
	w.hook(t, off.URL)
	w.store.hooks[3].Active = false
	w.happen(t, audit.RoleGranted)
	w.happen(t, audit.UserUpdated) // nobody can ask for it
	w.happen(t, audit.PasswordChanged)
	w.work(t)
	require.Empty(t, w.jobs.Jobs())
	require.Len(t, all.got(), 2)
	require.Len(t, some.got(), 1)
	require.Empty(t, none.got())
	require.Empty(t, off.got())
	require.NotEqual(t, all.got()[0].header.Get("Webhook-Id"), some.got()[0].header.Get("Webhook-Id"))
}

func TestNoticeWorkedOnTwiceIsToldOnce(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t, Options{}), newReceiver(t, 200)
	w.hook(t, r.URL)
	job := w.happen(t, audit.UserDeleted)
	first, err := w.notify(t.Context(), job)
	require.NoError(t, err)
	require.Len(t, first, 1)
	w.clock.Advance(time.Minute)
	second, err := w.notify(t.Context(), job)
	require.NoError(t, err)
	require.Equal(t, first[0].ID, second[0].ID)
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, first[0].ID)
}

func TestFailedCallIsTriedAgain(t *testing.T) {
	t.Parallel()
	w, r, other := newWorld(t, Options{}), newReceiver(t, http.StatusInternalServerError), newReceiver(t, 200)
	h, secret := w.hook(t, r.URL)
	w.hook(t, other.URL)
	w.happen(t, audit.UserVerified)
	w.work(t)
	require.Len(t, other.got(), 1, "one hook's failure is not another's")
	d := w.deliveries(t, h)
	require.Len(t, d, 1)
	require.Equal(t, Retrying, d[0].Status)
	require.Equal(t, http.StatusInternalServerError, d[0].Response)
	require.Contains(t, d[0].Error, "500")

	w.work(t)
	require.Len(t, r.got(), 1, "it is not tried before its time")
	w.clock.Advance(outbox.Backoff(1))
	r.answers(http.StatusCreated)
	w.work(t)
	calls := r.got()
	require.Len(t, calls, 2)
	require.Equal(t, calls[0].header.Get("Webhook-Id"), calls[1].header.Get("Webhook-Id"))
	require.NotEqual(t, calls[0].header.Get("Webhook-Timestamp"), calls[1].header.Get("Webhook-Timestamp"))
	require.Equal(t, calls[0].body, calls[1].body)
	require.True(t, verify(t, secret, calls[1]))
	d = w.deliveries(t, h)
	require.Len(t, d, 1)
	require.Equal(t, Delivered, d[0].Status)
	require.Equal(t, 2, d[0].Attempts)
	require.Empty(t, d[0].Error)
	require.Len(t, other.got(), 1)
}

func TestCallIsGivenUpAndReplayed(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t, Options{}), newReceiver(t, http.StatusGone)
	h, _ := w.hook(t, r.URL)
	w.happen(t, audit.UserDisabled)
	began := w.now()
	for len(w.jobs.Jobs()) > 0 {
		w.work(t)
		if left := w.jobs.Jobs(); len(left) > 0 {
			w.clock.Advance(left[0].NotBefore.Sub(w.now()))
		}
	}
	require.Len(t, r.got(), maxTries)
	require.Greater(t, w.now().Sub(began), 48*time.Hour)
	d := w.deliveries(t, h)[0]
	require.Equal(t, Failed, d.Status)

	r.answers(http.StatusOK)
	require.NoError(t, w.Replay(t.Context(), d.ID))
	w.work(t)
	calls := r.got()
	require.Len(t, calls, maxTries+1)
	require.Equal(t, d.ID, calls[maxTries].header.Get("Webhook-Id"))
	require.Equal(t, calls[0].body, calls[maxTries].body)
	d = w.deliveries(t, h)[0]
	require.Equal(t, Delivered, d.Status)
	require.Equal(t, maxTries+1, d.Attempts)

	require.NoError(t, w.Replay(t.Context(), d.ID), "what arrived can be replayed too")
	w.work(t)
	require.Len(t, r.got(), maxTries+2)
	require.ErrorIs(t, w.Replay(t.Context(), account.NewID()), account.ErrNotFound)
}

func TestSecretsChange(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t, Options{}), newReceiver(t, 200)
	_, old := w.hook(t, r.URL)
	w.keys = []string{"newer", "master"}
	w.happen(t, audit.UserSignedIn)
	w.work(t)
	call := r.got()[0]
	require.Len(t, strings.Split(call.header.Get("Webhook-Signature"), " "), 2)
	require.True(t, verify(t, old, call), "whoever knows the old secret alone is cut off")
	newer, err := json.Marshal(w.secrets(w.store.hooks[0].ID)[0])
	require.NoError(t, err)
	require.True(t, verify(t, "whsec_"+strings.Trim(string(newer), `"`), call))
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	w, target := newWorld(t, Options{}), newReceiver(t, 200)
	redirect := httptest.NewServer(http.RedirectHandler(target.URL, http.StatusTemporaryRedirect))
	t.Cleanup(redirect.Close)
	h, _ := w.hook(t, redirect.URL)
	w.happen(t, audit.UserSignedIn)
	w.work(t)
	require.Empty(t, target.got())
	require.Equal(t, http.StatusTemporaryRedirect, w.deliveries(t, h)[0].Response)
	require.Equal(t, Retrying, w.deliveries(t, h)[0].Status)
}

func TestSlowReceivers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter, end <-chan struct{})
		status Status
	}{
		"hangs": {func(_ http.ResponseWriter, end <-chan struct{}) { <-end }, Retrying},
		"answers 200 and sends a body for ever": {func(w http.ResponseWriter, end <-chan struct{}) {
			w.WriteHeader(http.StatusOK)
			for w.(http.Flusher).Flush(); ; w.(http.Flusher).Flush() {
				select {
				case <-end:
					return
				default:
				}
				if _, err := w.Write(make([]byte, 32<<10)); err != nil {
					return
				}
			}
		}, Delivered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			end := make(chan struct{})
			slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { test.answer(w, end) }))
			t.Cleanup(func() { close(end); slow.Close() })
			w := newWorld(t, Options{Timeout: 300 * time.Millisecond})
			h, _ := w.hook(t, slow.URL+"/?key=sesame")
			w.happen(t, audit.UserSignedIn)
			w.work(t)
			d := w.deliveries(t, h)[0]
			require.Equal(t, test.status, d.Status)
			require.NotContains(t, d.Error, "sesame")
		})
	}
}

func TestStoppedWhileCalling(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	end := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stop(); <-end }))
	t.Cleanup(func() { close(end); slow.Close() })
	w := newWorld(t, Options{})
	h, _ := w.hook(t, slow.URL)
	w.happen(t, audit.UserSignedIn)
	_, err := w.worker.Work(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, w.deliveries(t, h), "being stopped says nothing of the receiver")
	require.Len(t, w.jobs.Jobs(), 1)
}

func TestHookThatIsGoneMeanwhileIsNotCalled(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t, Options{}), newReceiver(t, http.StatusInternalServerError)
	h, _ := w.hook(t, r.URL)
	w.happen(t, audit.UserSignedIn)
	w.work(t)
	require.NoError(t, w.Delete(t.Context(), h.ID))
	require.ErrorIs(t, w.Delete(t.Context(), h.ID), account.ErrNotFound)
	_, err := w.Deliveries(t.Context(), h.ID, 1)
	require.ErrorIs(t, err, account.ErrNotFound)
	w.clock.Advance(outbox.Backoff(1))
	w.work(t)
	require.Len(t, r.got(), 1)
	require.Empty(t, w.jobs.Jobs())
}

func TestCreateAndDeleteAreNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	ctx := audit.With(t.Context(), audit.Operator)
	h, secret, err := w.Create(ctx, "https://example.com/hook?key=sesame", []audit.Action{audit.UserDeleted, audit.RoleGranted, audit.UserDeleted})
	require.NoError(t, err)
	require.Equal(t, []audit.Action{audit.UserDeleted, audit.RoleGranted}, h.Events)
	require.NoError(t, w.Delete(ctx, h.ID))
	require.Len(t, w.store.notes, 2)
	for i, action := range []audit.Action{audit.HookCreated, audit.HookDeleted} {
		event := w.store.notes[i].Event
		require.Equal(t, action, event.Action)
		require.Equal(t, "operator", event.Actor)
		require.Equal(t, h.ID, event.TargetID)
		require.Equal(t, "example.com", event.Target)
		require.NotContains(t, fmt.Sprint(event), secret)
	}
}

func TestWhatMayBeAHook(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		url    string
		events []audit.Action
		ok     bool
	}{
		{url: "https://example.com/hook", ok: true},
		{url: "https://example.com:8443/hook?key=1", ok: true},
		{url: "http://localhost:9000/", ok: true},
		{url: "http://127.0.0.1:9000/", ok: true},
		{url: "http://[::1]:9000/", ok: true},
		{url: "https://example.com", events: Events, ok: true},
		{url: "http://example.com/"},
		{url: "http://localhost.example.com/"},
		{url: "http://10.0.0.1/"},
		{url: "https://alice:sesame@example.com/"},
		{url: "https://example.com/#part"},
		{url: "ftp://example.com/"},
		{url: "https:///hook"},
		{url: "https://:443/hook"},
		{url: "example.com/hook"},
		{url: "https://exa mple.com/"},
		{url: ""},
		{url: "https://example.com/", events: []audit.Action{audit.UserUpdated}},
		{url: "https://example.com/", events: []audit.Action{audit.UserDeleted, "deleted"}},
	} {
		t.Run(test.url, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Options{})
			_, _, err := w.Create(t.Context(), test.url, test.events)
			if test.ok {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, account.Errorf(account.InvalidRequest, ""))
			require.Empty(t, w.store.hooks)
			require.NotContains(t, err.Error(), "sesame")
		})
	}
}

func TestOldDeliveriesArePurged(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t, Options{}), newReceiver(t, 200)
	h, _ := w.hook(t, r.URL)
	w.happen(t, audit.UserSignedIn)
	w.work(t)
	w.clock.Advance(logLife)
	w.happen(t, audit.UserSignedIn)
	w.work(t)
	n, err := w.Purge(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
	w.clock.Advance(time.Second)
	n, err = w.Purge(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Len(t, w.deliveries(t, h), 1)
}

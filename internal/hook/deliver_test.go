package hook

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

func TestDelivery(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t, Options{}), newReceiver(t, http.StatusNoContent)
	h, secret := f.create(t, r.URL)
	f.emit(t, audit.UserRegistered)
	at := f.now()
	f.run(t)

	requests := r.received()
	require.Len(t, requests, 1)
	require.True(t, verify(t, secret, requests[0]))
	require.Equal(t, "application/json", requests[0].header.Get("Content-Type"))
	require.JSONEq(t, `{"type":"user.registered","timestamp":"`+at.Format(time.RFC3339)+`","data":{
		"user_id":"8d1c7f2e-0000-4000-8000-000000000001","username":"alice","email":"alice@example.org"}}`, string(requests[0].body))
	require.Empty(t, f.jobs.Jobs())
	id := requests[0].header.Get("Webhook-Id")
	require.Equal(t, []Delivery{{
		ID: id, HookID: h.ID, Event: audit.UserRegistered, Body: requests[0].body, Status: Delivered,
		Attempts: 1, Response: http.StatusNoContent, CreatedAt: at, TriedAt: at,
	}}, f.deliveries(t, h))

	requests[0].body = append(requests[0].body, ' ')
	require.False(t, verify(t, secret, requests[0]), "a changed body has a valid signature")
}

func TestSeveralHooks(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Options{})
	all, some, none, off := newReceiver(t, 200), newReceiver(t, 200), newReceiver(t, 200), newReceiver(t, 200)
	f.create(t, all.URL)
	f.create(t, some.URL, audit.UserDeleted, audit.RoleGranted)
	f.create(t, none.URL, audit.UserSignedIn)
	f.create(t, off.URL)
	f.store.hooks[3].Active = false
	f.emit(t, audit.RoleGranted)
	f.emit(t, audit.UserUpdated) // not in Events
	f.emit(t, audit.PasswordChanged)
	f.run(t)
	require.Empty(t, f.jobs.Jobs())
	require.Len(t, all.received(), 2)
	require.Len(t, some.received(), 1)
	require.Empty(t, none.received())
	require.Empty(t, off.received())
	require.NotEqual(t, all.received()[0].header.Get("Webhook-Id"), some.received()[0].header.Get("Webhook-Id"))
}

func TestRetriedNoticeIsDeliveredOnce(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t, Options{}), newReceiver(t, 200)
	f.create(t, r.URL)
	job := f.emit(t, audit.UserDeleted)
	first, err := f.fanOut(t.Context(), job)
	require.NoError(t, err)
	require.Len(t, first, 1)
	f.clock.Advance(time.Minute)
	second, err := f.fanOut(t.Context(), job)
	require.NoError(t, err)
	require.Equal(t, first[0].ID, second[0].ID)
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, first[0].ID)
}

func TestFailedDeliveryIsRetried(t *testing.T) {
	t.Parallel()
	f, r, other := newFixture(t, Options{}), newReceiver(t, http.StatusInternalServerError), newReceiver(t, 200)
	h, secret := f.create(t, r.URL)
	f.create(t, other.URL)
	f.emit(t, audit.UserVerified)
	f.run(t)
	require.Len(t, other.received(), 1, "the failure of one receiver affects another")
	d := f.deliveries(t, h)
	require.Len(t, d, 1)
	require.Equal(t, Retrying, d[0].Status)
	require.Equal(t, http.StatusInternalServerError, d[0].Response)
	require.Contains(t, d[0].Error, "500")

	f.run(t)
	require.Len(t, r.received(), 1, "retried too early")
	f.clock.Advance(outbox.Backoff(1))
	r.respondWith(http.StatusCreated)
	f.run(t)
	requests := r.received()
	require.Len(t, requests, 2)
	require.Equal(t, requests[0].header.Get("Webhook-Id"), requests[1].header.Get("Webhook-Id"))
	require.NotEqual(t, requests[0].header.Get("Webhook-Timestamp"), requests[1].header.Get("Webhook-Timestamp"))
	require.Equal(t, requests[0].body, requests[1].body)
	require.True(t, verify(t, secret, requests[1]))
	d = f.deliveries(t, h)
	require.Len(t, d, 1)
	require.Equal(t, Delivered, d[0].Status)
	require.Equal(t, 2, d[0].Attempts)
	require.Empty(t, d[0].Error)
	require.Len(t, other.received(), 1)
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	f, target := newFixture(t, Options{}), newReceiver(t, 200)
	redirect := httptest.NewServer(http.RedirectHandler(target.URL, http.StatusTemporaryRedirect))
	t.Cleanup(redirect.Close)
	h, _ := f.create(t, redirect.URL)
	f.emit(t, audit.UserSignedIn)
	f.run(t)
	require.Empty(t, target.received())
	require.Equal(t, http.StatusTemporaryRedirect, f.deliveries(t, h)[0].Response)
	require.Equal(t, Retrying, f.deliveries(t, h)[0].Status)
}

func TestSlowReceivers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handle func(w http.ResponseWriter, end <-chan struct{})
		status Status
	}{
		"never responds": {func(_ http.ResponseWriter, end <-chan struct{}) { <-end }, Retrying},
		"responds with 200 and an endless body": {func(w http.ResponseWriter, end <-chan struct{}) {
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
			slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { test.handle(w, end) }))
			t.Cleanup(func() { close(end); slow.Close() })
			f := newFixture(t, Options{Timeout: 300 * time.Millisecond})
			h, _ := f.create(t, slow.URL+"/?key=sesame")
			f.emit(t, audit.UserSignedIn)
			f.run(t)
			d := f.deliveries(t, h)[0]
			require.Equal(t, test.status, d.Status)
			require.NotContains(t, d.Error, "sesame")
		})
	}
}

func TestWorkerIsStoppedWhileDelivering(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	end := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stop(); <-end }))
	t.Cleanup(func() { close(end); slow.Close() })
	f := newFixture(t, Options{})
	h, _ := f.create(t, slow.URL)
	f.emit(t, audit.UserSignedIn)
	_, err := f.worker.Work(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, f.deliveries(t, h), "the interrupted attempt was recorded")
	require.Len(t, f.jobs.Jobs(), 1)
}

func TestDeletedHookReceivesNothing(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t, Options{}), newReceiver(t, http.StatusInternalServerError)
	h, _ := f.create(t, r.URL)
	f.emit(t, audit.UserSignedIn)
	f.run(t)
	require.NoError(t, f.Delete(t.Context(), h.ID))
	require.ErrorIs(t, f.Delete(t.Context(), h.ID), fault.ErrNotFound)
	_, err := f.Deliveries(t.Context(), h.ID, 1)
	require.ErrorIs(t, err, fault.ErrNotFound)
	f.clock.Advance(outbox.Backoff(1))
	f.run(t)
	require.Len(t, r.received(), 1)
	require.Empty(t, f.jobs.Jobs())
}

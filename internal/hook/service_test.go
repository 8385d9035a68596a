package hook

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

func TestCreateValidates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		url    string
		events []audit.Action
		valid  bool
	}{
		{url: "https://example.com/hook", valid: true},
		{url: "https://example.com:8443/hook?key=1", valid: true},
		{url: "http://localhost:9000/", valid: true},
		{url: "http://127.0.0.1:9000/", valid: true},
		{url: "http://[::1]:9000/", valid: true},
		{url: "https://example.com", events: Events, valid: true},
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
			f := newFixture(t, Options{})
			_, _, err := f.Create(t.Context(), test.url, test.events)
			if test.valid {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, fault.Errorf(fault.InvalidRequest, ""))
			require.Empty(t, f.store.hooks)
			require.NotContains(t, err.Error(), "sesame")
		})
	}
}

func TestCreateAndDeleteAreAudited(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Options{})
	ctx := audit.ByOperator(t.Context())
	h, secret, err := f.Create(ctx, "https://example.com/hook?key=sesame", []audit.Action{audit.UserDeleted, audit.RoleGranted, audit.UserDeleted})
	require.NoError(t, err)
	require.Equal(t, []audit.Action{audit.UserDeleted, audit.RoleGranted}, h.Events)
	require.NoError(t, f.Delete(ctx, h.ID))
	require.Len(t, f.store.changes, 2)
	for i, action := range []audit.Action{audit.HookCreated, audit.HookDeleted} {
		event := f.store.changes[i].Event
		require.Equal(t, action, event.Action)
		require.Equal(t, "operator", event.Actor)
		require.Equal(t, h.ID, event.TargetID)
		require.Equal(t, "example.com", event.Target)
		require.NotContains(t, fmt.Sprint(event), secret)
	}
}

func TestDeliveryFailsAndIsReplayed(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t, Options{}), newReceiver(t, http.StatusGone)
	h, _ := f.create(t, r.URL)
	f.emit(t, audit.UserDisabled)
	start := f.now()
	for len(f.jobs.Jobs()) > 0 {
		f.run(t)
		if pending := f.jobs.Jobs(); len(pending) > 0 {
			f.clock.Advance(pending[0].NotBefore.Sub(f.now()))
		}
	}
	require.Len(t, r.received(), maxAttempts)
	require.Greater(t, f.now().Sub(start), 48*time.Hour)
	d := f.deliveries(t, h)[0]
	require.Equal(t, Failed, d.Status)

	r.respondWith(http.StatusOK)
	require.NoError(t, f.Replay(t.Context(), d.ID))
	f.run(t)
	requests := r.received()
	require.Len(t, requests, maxAttempts+1)
	require.Equal(t, d.ID, requests[maxAttempts].header.Get("Webhook-Id"))
	require.Equal(t, requests[0].body, requests[maxAttempts].body)
	d = f.deliveries(t, h)[0]
	require.Equal(t, Delivered, d.Status)
	require.Equal(t, maxAttempts+1, d.Attempts)

	require.NoError(t, f.Replay(t.Context(), d.ID), "a successful delivery can be replayed too")
	f.run(t)
	require.Len(t, r.received(), maxAttempts+2)
	require.ErrorIs(t, f.Replay(t.Context(), uuid.NewString()), fault.ErrNotFound)
}

func TestOldDeliveriesArePurged(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t, Options{}), newReceiver(t, 200)
	h, _ := f.create(t, r.URL)
	f.emit(t, audit.UserSignedIn)
	f.run(t)
	f.clock.Advance(deliveryRetention)
	f.emit(t, audit.UserSignedIn)
	f.run(t)
	n, err := f.PurgeDeliveries(t.Context(), 500)
	require.NoError(t, err)
	require.Zero(t, n)
	f.clock.Advance(time.Second)
	n, err = f.PurgeDeliveries(t.Context(), 500)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Len(t, f.deliveries(t, h), 1)
}

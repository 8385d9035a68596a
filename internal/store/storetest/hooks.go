package storetest

import (
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
)

func testHooks(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"round trip":     hookRoundTrip,
		"list":           hookList,
		"delete":         hookDelete,
		"delivery":       deliveryRoundTrip,
		"delivery again": deliveryAgain,
		"no such hook":   deliveryNoHook,
		"deliveries":     deliveryList,
		"purge":          deliveryPurge,
	})
}

func newHook() hook.Hook {
	return hook.Hook{
		ID: newUUID(), URL: "https://example.com/hook?a=b", Active: true, CreatedAt: noon,
		Events: []audit.Action{audit.UserVerified, audit.UserDeleted, audit.UserVerified},
	}
}

func newDelivery(h hook.Hook) hook.Delivery {
	return hook.Delivery{
		ID: newUUID(), HookID: h.ID, Event: audit.UserVerified, Body: []byte("{\"a\":  1}\xff\x00"), Status: hook.Retrying,
		Attempts: 3, Response: 503, Error: "503 Service Unavailable", CreatedAt: noon, TriedAt: noon.Add(time.Minute),
	}
}

func mustHook(t *testing.T, w World) hook.Hook {
	t.Helper()
	h := newHook()
	require.NoError(t, w.CreateHook(t.Context(), h, none))
	return h
}

func mustRecord(t *testing.T, w World, h hook.Hook, edit func(*hook.Delivery)) hook.Delivery {
	t.Helper()
	d := newDelivery(h)
	if edit != nil {
		edit(&d)
	}
	require.NoError(t, w.RecordDelivery(t.Context(), d))
	return d
}

func requireDelivery(t *testing.T, w World, want hook.Delivery) {
	t.Helper()
	got, err := w.Delivery(t.Context(), want.ID)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func hookRoundTrip(t *testing.T, w World) {
	full := mustHook(t, w)
	requireFilled(t, full)
	got, err := w.Hooks(t.Context())
	require.NoError(t, err)
	require.Equal(t, []hook.Hook{full}, got)

	bare := hook.Hook{ID: newUUID(), CreatedAt: noon.Add(time.Second)}
	require.NoError(t, w.CreateHook(t.Context(), bare, none))
	bare.Events = []audit.Action{}
	got, err = w.Hooks(t.Context())
	require.NoError(t, err)
	require.Equal(t, []hook.Hook{full, bare}, got)
}

func hookList(t *testing.T, w World) {
	want := make([]hook.Hook, 5)
	for i := range want {
		want[i] = newHook()
		want[i].CreatedAt = noon.Add(-time.Duration(i/2) * time.Second)
		require.NoError(t, w.CreateHook(t.Context(), want[i], none))
	}
	sort.Slice(want, func(i, j int) bool {
		return want[i].CreatedAt.Before(want[j].CreatedAt) || want[i].CreatedAt.Equal(want[j].CreatedAt) && want[i].ID < want[j].ID
	})
	got, err := w.Hooks(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func hookDelete(t *testing.T, w World) {
	h, other := mustHook(t, w), mustHook(t, w)
	gone, kept := mustRecord(t, w, h, nil), mustRecord(t, w, other, nil)
	for _, id := range notIDs(h.ID) {
		require.ErrorIs(t, w.DeleteHook(t.Context(), id, none), account.ErrNotFound, id)
	}
	require.NoError(t, w.DeleteHook(t.Context(), h.ID, none))
	require.ErrorIs(t, w.DeleteHook(t.Context(), h.ID, none), account.ErrNotFound)
	got, err := w.Hooks(t.Context())
	require.NoError(t, err)
	require.Equal(t, []hook.Hook{other}, got)
	_, err = w.Delivery(t.Context(), gone.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
	requireDelivery(t, w, kept)
}

func deliveryRoundTrip(t *testing.T, w World) {
	h := mustHook(t, w)
	full := mustRecord(t, w, h, nil)
	requireFilled(t, full)
	requireDelivery(t, w, full)
	requireDelivery(t, w, mustRecord(t, w, h, func(d *hook.Delivery) {
		*d = hook.Delivery{ID: d.ID, HookID: h.ID, Body: []byte("x"), CreatedAt: noon, TriedAt: noon}
	}))
	odd := mustRecord(t, w, h, func(d *hook.Delivery) { d.Error = "x\x00\xff" })
	odd.Error = "x\uFFFD\uFFFD"
	requireDelivery(t, w, odd)
	for _, id := range notIDs(full.ID) {
		_, err := w.Delivery(t.Context(), id)
		require.ErrorIs(t, err, account.ErrNotFound, id)
	}
}

func deliveryAgain(t *testing.T, w World) {
	h := mustHook(t, w)
	first, other := mustRecord(t, w, h, nil), mustRecord(t, w, h, nil)
	again := hook.Delivery{
		ID: first.ID, HookID: mustHook(t, w).ID, Event: audit.UserDeleted, Body: []byte("b"), Status: hook.Delivered, Attempts: 4, Response: 204,
		CreatedAt: noon.Add(time.Hour), TriedAt: noon.Add(2 * time.Hour),
	}
	require.NoError(t, w.RecordDelivery(t.Context(), again))
	requireDelivery(t, w, again)
	requireDelivery(t, w, other)
}

func deliveryNoHook(t *testing.T, w World) {
	h := mustHook(t, w)
	known := mustRecord(t, w, h, nil)
	for _, id := range append(notIDs(h.ID), newUUID()) {
		d := newDelivery(hook.Hook{ID: id})
		require.ErrorIs(t, w.RecordDelivery(t.Context(), d), account.ErrNotFound, id)
		_, err := w.Delivery(t.Context(), d.ID)
		require.ErrorIs(t, err, account.ErrNotFound, id)
		d.ID = known.ID // nor is another changed
		require.ErrorIs(t, w.RecordDelivery(t.Context(), d), account.ErrNotFound, id)
		requireDelivery(t, w, known)
	}
}

func deliveryList(t *testing.T, w World) {
	h, other := mustHook(t, w), mustHook(t, w)
	mustRecord(t, w, other, nil)
	want := make([]hook.Delivery, 7)
	for i := range want {
		want[i] = mustRecord(t, w, h, func(d *hook.Delivery) { d.CreatedAt = noon.Add(time.Duration(i/3) * time.Second) })
	}
	sort.Slice(want, func(i, j int) bool {
		return want[i].CreatedAt.After(want[j].CreatedAt) || want[i].CreatedAt.Equal(want[j].CreatedAt) && want[i].ID > want[j].ID
	})
	for limit, n := range map[int]int{-1: 0, 0: 0, 3: 3, 100: 7} {
		got, err := w.Deliveries(t.Context(), h.ID, limit)
		require.NoError(t, err)
		require.Equal(t, want[:n], append([]hook.Delivery{}, got...))
	}
	for _, id := range append(notIDs(h.ID), newUUID()) {
		got, err := w.Deliveries(t.Context(), id, 9)
		require.NoError(t, err, id)
		require.Empty(t, got, id)
	}
}

func deliveryPurge(t *testing.T, w World) {
	h := mustHook(t, w)
	for i := range 7 {
		mustRecord(t, w, h, func(d *hook.Delivery) { d.TriedAt = noon.Add(-time.Duration(i+1) * time.Second) })
	}
	border := mustRecord(t, w, h, func(d *hook.Delivery) { d.TriedAt = noon })
	requireBatches(t, func(limit int) (int, error) { return w.PurgeDeliveries(t.Context(), noon, limit) })
	requireDelivery(t, w, border)
}

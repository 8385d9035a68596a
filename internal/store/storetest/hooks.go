package storetest

import (
	"sort"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/hook"
)

var hookTests = tests[Database]{
	"stored fields":            hookStoredFields,
	"list":                     hookList,
	"update":                   hookUpdate,
	"failing":                  hookFailing,
	"delete":                   hookDelete,
	"delivery, stored fields":  deliveryStoredFields,
	"delivery, missing":        deliveryMissing,
	"delivery, recorded again": deliveryRecordedAgain,
	"delivery, missing hook":   deliveryMissingHook,
	"deliveries":               deliveryList,
	"deliveries, missing hook": deliveryListMissingHook,
	"deliveries, purge":        deliveryPurge,
	"invalid text in an error": deliveryInvalidText,
}

func mustCreateHook(t *testing.T, db Database) hook.Hook {
	t.Helper()
	h := newHook()
	require.NoError(t, db.CreateHook(t.Context(), h, noRecord))
	return h
}

func mustRecordDelivery(t *testing.T, db Database, h hook.Hook, edit func(*hook.Delivery)) hook.Delivery {
	t.Helper()
	d := newDelivery(h)
	if edit != nil {
		edit(&d)
	}
	require.NoError(t, db.RecordDelivery(t.Context(), d))
	return d
}

func requireDelivery(t *testing.T, db Database, want hook.Delivery) {
	t.Helper()
	got, err := db.Delivery(t.Context(), want.ID)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func hookStoredFields(t *testing.T, db Database) {
	full := mustCreateHook(t, db)
	requireNoZeroFields(t, full)
	got, err := db.Hooks(t.Context())
	require.NoError(t, err)
	require.Equal(t, []hook.Hook{full}, got)

	empty := hook.Hook{ID: uuid.NewString(), CreatedAt: noon.Add(time.Second)}
	require.NoError(t, db.CreateHook(t.Context(), empty, noRecord))
	empty.Events = []audit.Action{}
	got, err = db.Hooks(t.Context())
	require.NoError(t, err)
	require.Equal(t, []hook.Hook{full, empty}, got)
}

func hookList(t *testing.T, db Database) {
	want := make([]hook.Hook, 5)
	for i := range want {
		want[i] = newHook()
		want[i].CreatedAt = noon.Add(-time.Duration(i/2) * time.Second)
		require.NoError(t, db.CreateHook(t.Context(), want[i], noRecord))
	}
	sort.Slice(want, func(i, j int) bool {
		return want[i].CreatedAt.Before(want[j].CreatedAt) || want[i].CreatedAt.Equal(want[j].CreatedAt) && want[i].ID < want[j].ID
	})
	got, err := db.Hooks(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func hookUpdate(t *testing.T, db Database) {
	h, other := mustCreateHook(t, db), mustCreateHook(t, db)
	events, off := []audit.Action{audit.UserDeleted, audit.RoleGranted}, false
	for _, id := range otherIDs(h.ID) {
		require.ErrorIs(t, db.UpdateHook(t.Context(), id, hook.Patch{Active: &off}, noRecord), fault.ErrNotFound, id)
	}
	change := func(p hook.Patch, want func(*hook.Hook)) {
		require.NoError(t, db.UpdateHook(t.Context(), h.ID, p, noRecord))
		want(&h)
		got, err := db.Hooks(t.Context())
		require.NoError(t, err)
		require.ElementsMatch(t, []hook.Hook{h, other}, got)
	}
	change(hook.Patch{}, func(*hook.Hook) {})
	change(hook.Patch{Events: &events}, func(h *hook.Hook) { h.Events = events })
	change(hook.Patch{Active: &off}, func(h *hook.Hook) { h.Active = false })
	change(hook.Patch{Events: &[]audit.Action{}}, func(h *hook.Hook) { h.Events = []audit.Action{} })
}

func hookFailing(t *testing.T, db Database) {
	h, fine, paused, off := mustCreateHook(t, db), mustCreateHook(t, db), mustCreateHook(t, db), false
	failing := func(status hook.Status, created, tried time.Time) func(*hook.Delivery) {
		return func(d *hook.Delivery) { d.Status, d.CreatedAt, d.TriedAt = status, created, tried }
	}
	mustRecordDelivery(t, db, h, failing(hook.Retrying, noon.Add(-time.Hour), noon))
	mustRecordDelivery(t, db, h, failing(hook.Failed, noon.Add(-2*time.Hour), noon.Add(time.Second)))
	mustRecordDelivery(t, db, h, failing(hook.Failed, noon.Add(-3*time.Hour), noon.Add(-time.Second)))
	mustRecordDelivery(t, db, fine, failing(hook.Delivered, noon, noon))
	mustRecordDelivery(t, db, paused, failing(hook.Failed, noon, noon))
	require.NoError(t, db.UpdateHook(t.Context(), paused.ID, hook.Patch{Active: &off}, noRecord))
	got, err := db.FailingHooks(t.Context(), noon)
	require.NoError(t, err)
	require.Equal(t, []hook.Failing{{HookID: h.ID, URL: h.URL, Deliveries: 2, Oldest: noon.Add(-2 * time.Hour)}}, got)
}

func hookDelete(t *testing.T, db Database) {
	h, other := mustCreateHook(t, db), mustCreateHook(t, db)
	deleted, kept := mustRecordDelivery(t, db, h, nil), mustRecordDelivery(t, db, other, nil)
	for _, id := range otherIDs(h.ID) {
		require.ErrorIs(t, db.DeleteHook(t.Context(), id, noRecord), fault.ErrNotFound, id)
	}
	require.NoError(t, db.DeleteHook(t.Context(), h.ID, noRecord))
	require.ErrorIs(t, db.DeleteHook(t.Context(), h.ID, noRecord), fault.ErrNotFound)
	got, err := db.Hooks(t.Context())
	require.NoError(t, err)
	require.Equal(t, []hook.Hook{other}, got)
	_, err = db.Delivery(t.Context(), deleted.ID)
	require.ErrorIs(t, err, fault.ErrNotFound)
	requireDelivery(t, db, kept)
}

func deliveryStoredFields(t *testing.T, db Database) {
	h := mustCreateHook(t, db)
	full := mustRecordDelivery(t, db, h, nil)
	requireNoZeroFields(t, full)
	requireDelivery(t, db, full)
	requireDelivery(t, db, mustRecordDelivery(t, db, h, func(d *hook.Delivery) {
		*d = hook.Delivery{ID: d.ID, HookID: h.ID, Body: []byte("x"), CreatedAt: noon, TriedAt: noon}
	}))
}

func deliveryInvalidText(t *testing.T, db Database) {
	d := mustRecordDelivery(t, db, mustCreateHook(t, db), func(d *hook.Delivery) { d.Error = "x\x00\xff" })
	d.Error = "x\uFFFD\uFFFD"
	requireDelivery(t, db, d)
}

func deliveryMissing(t *testing.T, db Database) {
	d := mustRecordDelivery(t, db, mustCreateHook(t, db), nil)
	for _, id := range otherIDs(d.ID) {
		_, err := db.Delivery(t.Context(), id)
		require.ErrorIs(t, err, fault.ErrNotFound, id)
	}
}

func deliveryRecordedAgain(t *testing.T, db Database) {
	h := mustCreateHook(t, db)
	first, other := mustRecordDelivery(t, db, h, nil), mustRecordDelivery(t, db, h, nil)
	again := hook.Delivery{
		ID: first.ID, HookID: mustCreateHook(t, db).ID, Event: audit.UserDeleted, Body: []byte("b"), Status: hook.Delivered, Attempts: 4, Response: 204,
		CreatedAt: noon.Add(time.Hour), TriedAt: noon.Add(2 * time.Hour),
	}
	require.NoError(t, db.RecordDelivery(t.Context(), again))
	requireDelivery(t, db, again)
	requireDelivery(t, db, other)
}

func deliveryMissingHook(t *testing.T, db Database) {
	h := mustCreateHook(t, db)
	existing := mustRecordDelivery(t, db, h, nil)
	for _, id := range append(otherIDs(h.ID), uuid.NewString()) {
		d := newDelivery(hook.Hook{ID: id})
		require.ErrorIs(t, db.RecordDelivery(t.Context(), d), fault.ErrNotFound, id)
		_, err := db.Delivery(t.Context(), d.ID)
		require.ErrorIs(t, err, fault.ErrNotFound, id)
		d.ID = existing.ID
		require.ErrorIs(t, db.RecordDelivery(t.Context(), d), fault.ErrNotFound, id)
		requireDelivery(t, db, existing)
	}
}

func deliveryList(t *testing.T, db Database) {
	h, other := mustCreateHook(t, db), mustCreateHook(t, db)
	mustRecordDelivery(t, db, other, nil)
	want := make([]hook.Delivery, 7)
	for i := range want {
		want[i] = mustRecordDelivery(t, db, h, func(d *hook.Delivery) { d.CreatedAt = noon.Add(time.Duration(i/3) * time.Second) })
	}
	sort.Slice(want, func(i, j int) bool {
		return want[i].CreatedAt.After(want[j].CreatedAt) || want[i].CreatedAt.Equal(want[j].CreatedAt) && want[i].ID > want[j].ID
	})
	for limit, n := range map[int]int{-1: 0, 0: 0, 3: 3, 100: 7} {
		got, err := db.Deliveries(t.Context(), h.ID, limit)
		require.NoError(t, err)
		require.Equal(t, want[:n], append([]hook.Delivery{}, got...))
	}
}

func deliveryListMissingHook(t *testing.T, db Database) {
	h := mustCreateHook(t, db)
	mustRecordDelivery(t, db, h, nil)
	for _, id := range append(otherIDs(h.ID), uuid.NewString()) {
		got, err := db.Deliveries(t.Context(), id, 9)
		require.NoError(t, err, id)
		require.Empty(t, got, id)
	}
}

func deliveryPurge(t *testing.T, db Database) {
	h := mustCreateHook(t, db)
	for i := range 7 {
		mustRecordDelivery(t, db, h, func(d *hook.Delivery) { d.TriedAt = noon.Add(-time.Duration(i+1) * time.Second) })
	}
	kept := mustRecordDelivery(t, db, h, func(d *hook.Delivery) { d.TriedAt = noon })
	requireBatches(t, func(limit int) (int, error) { return db.PurgeDeliveries(t.Context(), noon, limit) })
	requireDelivery(t, db, kept)
}

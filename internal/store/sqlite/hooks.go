package sqlite

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/store"
)

func scanHook(r row) (hook.Hook, error) {
	var h hook.Hook
	var events jsonList
	var created int64
	err := r.Scan(&h.ID, &h.URL, &events, &h.Active, &created)
	h.Events, h.CreatedAt = make([]audit.Action, len(events)), utc(created)
	for i, event := range events {
		h.Events[i] = audit.Action(event)
	}
	return h, err
}

const createHook = `INSERT INTO hooks (id, url, events, active, created_at) VALUES (?, ?, ?, ?, ?)`

// CreateHook implements hook.Store.
func (s *Store) CreateHook(ctx context.Context, h hook.Hook, change audit.Change) error {
	events := make(jsonList, len(h.Events))
	for i, event := range h.Events {
		events[i] = string(event)
	}
	return s.execOneRecorded(ctx, change, createHook, h.ID, h.URL, storedList(events), h.Active, storedTime(h.CreatedAt))
}

const listHooks = `SELECT id, url, events, active, created_at FROM hooks ORDER BY created_at, id`

// Hooks implements hook.Store.
func (s *Store) Hooks(ctx context.Context) ([]hook.Hook, error) {
	return queryAll(ctx, s.reads, scanHook, listHooks)
}

const updateHook = `UPDATE hooks SET events = coalesce(?2, events), active = coalesce(?3, active) WHERE id = ?1`

// UpdateHook implements hook.Store.
func (s *Store) UpdateHook(ctx context.Context, id string, p hook.Patch, change audit.Change) error {
	return s.execOneRecorded(ctx, change, updateHook, id, listOrNull(store.EventNames(p.Events)), p.Active)
}

const deleteHook = `DELETE FROM hooks WHERE id = ?`

// DeleteHook implements hook.Store. A foreign key deletes the deliveries.
func (s *Store) DeleteHook(ctx context.Context, id string, change audit.Change) error {
	return s.execOneRecorded(ctx, change, deleteHook, id)
}

const recordDelivery = `
	INSERT INTO hook_deliveries (id, hook_id, event, body, status, attempts, response, error, created_at, tried_at)
	SELECT ?1, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM hooks WHERE id = ?2
	ON CONFLICT (id) DO UPDATE SET hook_id = excluded.hook_id, event = excluded.event, body = excluded.body,
		status = excluded.status, attempts = excluded.attempts, response = excluded.response, error = excluded.error,
		created_at = excluded.created_at, tried_at = excluded.tried_at`

// RecordDelivery implements hook.Store.
func (s *Store) RecordDelivery(ctx context.Context, d hook.Delivery) error {
	return s.execOne(ctx, recordDelivery, d.ID, d.HookID, string(d.Event), nonNil(d.Body), string(d.Status), d.Attempts, d.Response,
		store.CleanText(d.Error), storedTime(d.CreatedAt), storedTime(d.TriedAt))
}

// deliveryColumns are the columns of hook_deliveries that scanDelivery reads.
const deliveryColumns = `id, hook_id, event, body, status, attempts, response, error, created_at, tried_at`

func scanDelivery(r row) (hook.Delivery, error) {
	var d hook.Delivery
	var created, tried int64
	err := r.Scan(&d.ID, &d.HookID, &d.Event, &d.Body, &d.Status, &d.Attempts, &d.Response, &d.Error, &created, &tried)
	d.CreatedAt, d.TriedAt = utc(created), utc(tried)
	return d, err
}

const listDeliveries = `SELECT ` + deliveryColumns + ` FROM hook_deliveries WHERE hook_id = ? ORDER BY created_at DESC, id DESC LIMIT ?`

// Deliveries implements hook.Store.
func (s *Store) Deliveries(ctx context.Context, hookID string, limit int) ([]hook.Delivery, error) {
	return queryAll(ctx, s.reads, scanDelivery, listDeliveries, hookID, max(limit, 0))
}

const deliveryByID = `SELECT ` + deliveryColumns + ` FROM hook_deliveries WHERE id = ?`

// Delivery implements hook.Store.
func (s *Store) Delivery(ctx context.Context, id string) (hook.Delivery, error) {
	return queryOne(ctx, s.reads, scanDelivery, deliveryByID, id)
}

const failingHooks = `
	SELECT h.id, h.url, count(*), min(d.created_at) FROM hook_deliveries d JOIN hooks h ON h.id = d.hook_id
	WHERE d.status <> 'delivered' AND d.tried_at >= ? AND h.active GROUP BY h.id, h.url ORDER BY h.id`

func scanFailing(r row) (hook.Failing, error) {
	var f hook.Failing
	var oldest int64
	err := r.Scan(&f.HookID, &f.URL, &f.Deliveries, &oldest)
	f.Oldest = utc(oldest)
	return f, err
}

// FailingHooks implements hook.Store.
func (s *Store) FailingHooks(ctx context.Context, since time.Time) ([]hook.Failing, error) {
	return queryAll(ctx, s.reads, scanFailing, failingHooks, storedTime(since))
}

var purgeDeliveries = purge("hook_deliveries", "id", "tried_at")

// PurgeDeliveries implements hook.Store.
func (s *Store) PurgeDeliveries(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeDeliveries, storedTime(before), max(limit, 0))
}

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/store"
)

func scanHook(row pgx.CollectableRow) (hook.Hook, error) {
	var h hook.Hook
	err := row.Scan(&h.ID, &h.URL, &h.Events, &h.Active, &h.CreatedAt)
	h.CreatedAt = h.CreatedAt.UTC()
	return h, err
}

var createHook = withRecord(`changed AS (
		INSERT INTO hooks (id, url, events, active, created_at) VALUES ($3, $4, $5, $6, $7) RETURNING id)`,
	`SELECT FROM changed`)

// CreateHook implements hook.Store.
func (s *Store) CreateHook(ctx context.Context, h hook.Hook, change audit.Change) error {
	events := make([]string, len(h.Events))
	for i, event := range h.Events {
		events[i] = string(event)
	}
	return s.execOne(ctx, createHook, recordArgs(change, h.ID, h.URL, events, h.Active, storedTime(h.CreatedAt))...)
}

const listHooks = `SELECT id::text, url, events, active, created_at FROM hooks ORDER BY created_at, hooks.id`

// Hooks implements hook.Store.
func (s *Store) Hooks(ctx context.Context) ([]hook.Hook, error) {
	return queryAll(ctx, s, scanHook, listHooks)
}

var updateHook = withRecord(`changed AS (
		UPDATE hooks SET events = coalesce($4::text[], events), active = coalesce($5::boolean, active) WHERE id = $3 RETURNING id)`,
	`SELECT FROM changed`)

// UpdateHook implements hook.Store.
func (s *Store) UpdateHook(ctx context.Context, id string, p hook.Patch, change audit.Change) error {
	return s.execOne(ctx, updateHook, recordArgs(change, uuidOrNull(id), listOrNull(store.EventNames(p.Events)), p.Active)...)
}

var deleteHook = withRecord(`changed AS (DELETE FROM hooks WHERE id = $3 RETURNING id)`, `SELECT FROM changed`)

// DeleteHook implements hook.Store. A foreign key deletes the deliveries.
func (s *Store) DeleteHook(ctx context.Context, id string, change audit.Change) error {
	return s.execOne(ctx, deleteHook, recordArgs(change, uuidOrNull(id))...)
}

const recordDelivery = `
	INSERT INTO hook_deliveries (id, hook_id, event, body, status, attempts, response, error, created_at, tried_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
	ON CONFLICT (id) DO UPDATE SET hook_id = excluded.hook_id, event = excluded.event, body = excluded.body,
		status = excluded.status, attempts = excluded.attempts, response = excluded.response, error = excluded.error,
		created_at = excluded.created_at, tried_at = excluded.tried_at`

// RecordDelivery implements hook.Store.
func (s *Store) RecordDelivery(ctx context.Context, d hook.Delivery) error {
	if !isUUID(d.HookID) {
		return fault.ErrNotFound
	}
	return s.execOne(ctx, recordDelivery, d.ID, d.HookID, string(d.Event), nonNil(d.Body), string(d.Status), d.Attempts, d.Response,
		store.CleanText(d.Error), storedTime(d.CreatedAt), storedTime(d.TriedAt))
}

// deliveryColumns are the columns of hook_deliveries that scanDelivery reads.
const deliveryColumns = `id::text, hook_id::text, event, body, status, attempts, response, error, created_at, tried_at`

func scanDelivery(row pgx.CollectableRow) (hook.Delivery, error) {
	var d hook.Delivery
	err := row.Scan(&d.ID, &d.HookID, &d.Event, &d.Body, &d.Status, &d.Attempts, &d.Response, &d.Error, &d.CreatedAt, &d.TriedAt)
	d.CreatedAt, d.TriedAt = d.CreatedAt.UTC(), d.TriedAt.UTC()
	return d, err
}

const listDeliveries = `SELECT ` + deliveryColumns + ` FROM hook_deliveries WHERE hook_id = $1
	ORDER BY created_at DESC, hook_deliveries.id DESC LIMIT $2`

// Deliveries implements hook.Store.
func (s *Store) Deliveries(ctx context.Context, hookID string, limit int) ([]hook.Delivery, error) {
	return queryAll(ctx, s, scanDelivery, listDeliveries, uuidOrNull(hookID), max(limit, 0))
}

const deliveryByID = `SELECT ` + deliveryColumns + ` FROM hook_deliveries WHERE id = $1`

// Delivery implements hook.Store.
func (s *Store) Delivery(ctx context.Context, id string) (hook.Delivery, error) {
	return queryOne(ctx, s, scanDelivery, deliveryByID, uuidOrNull(id))
}

const failingHooks = `
	SELECT h.id::text, h.url, count(*), min(d.created_at) FROM hook_deliveries d JOIN hooks h ON h.id = d.hook_id
	WHERE d.status <> 'delivered' AND d.tried_at >= $1 AND h.active GROUP BY h.id, h.url ORDER BY h.id`

func scanFailing(row pgx.CollectableRow) (hook.Failing, error) {
	var f hook.Failing
	err := row.Scan(&f.HookID, &f.URL, &f.Deliveries, &f.Oldest)
	f.Oldest = f.Oldest.UTC()
	return f, err
}

// FailingHooks implements hook.Store.
func (s *Store) FailingHooks(ctx context.Context, since time.Time) ([]hook.Failing, error) {
	return queryAll(ctx, s, scanFailing, failingHooks, storedTime(since))
}

var purgeDeliveries = purge("hook_deliveries", "id", "tried_at")

// PurgeDeliveries implements hook.Store.
func (s *Store) PurgeDeliveries(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeDeliveries, storedTime(before), max(limit, 0))
}

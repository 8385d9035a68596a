package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
)

func scanHook(row pgx.CollectableRow) (hook.Hook, error) {
	var h hook.Hook
	err := row.Scan(&h.ID, &h.URL, &h.Events, &h.Active, &h.CreatedAt)
	h.CreatedAt = h.CreatedAt.UTC()
	return h, err
}

var createHook = noted(`changed AS (
		INSERT INTO hooks (id, url, events, active, created_at) VALUES ($3, $4, $5, $6, $7) RETURNING id)`,
	`SELECT FROM changed`)

// CreateHook implements hook.Store.
func (s *Store) CreateHook(ctx context.Context, h hook.Hook, n audit.Note) error {
	events := make([]string, len(h.Events))
	for i, event := range h.Events {
		events[i] = string(event)
	}
	return s.execOne(ctx, createHook, keep(n, h.ID, h.URL, events, h.Active, whole(h.CreatedAt))...)
}

const allHooks = `SELECT id::text, url, events, active, created_at FROM hooks ORDER BY created_at, hooks.id`

// Hooks implements hook.Store.
func (s *Store) Hooks(ctx context.Context) ([]hook.Hook, error) {
	return all(ctx, s, scanHook, allHooks)
}

var deleteHook = noted(`changed AS (DELETE FROM hooks WHERE id = $3 RETURNING id)`, `SELECT FROM changed`)

// DeleteHook implements hook.Store. The deliveries go with the row that they refer to.
func (s *Store) DeleteHook(ctx context.Context, id string, n audit.Note) error {
	return s.execOne(ctx, deleteHook, keep(n, uuidOrNull(id))...)
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
		return account.ErrNotFound
	}
	return s.execOne(ctx, recordDelivery, d.ID, d.HookID, string(d.Event), list(d.Body), string(d.Status), d.Attempts, d.Response,
		clean(d.Error), whole(d.CreatedAt), whole(d.TriedAt))
}

// deliveryColumns are what scanDelivery reads.
const deliveryColumns = `id::text, hook_id::text, event, body, status, attempts, response, error, created_at, tried_at`

func scanDelivery(row pgx.CollectableRow) (hook.Delivery, error) {
	var d hook.Delivery
	err := row.Scan(&d.ID, &d.HookID, &d.Event, &d.Body, &d.Status, &d.Attempts, &d.Response, &d.Error, &d.CreatedAt, &d.TriedAt)
	d.CreatedAt, d.TriedAt = d.CreatedAt.UTC(), d.TriedAt.UTC()
	return d, err
}

const deliveriesOf = `SELECT ` + deliveryColumns + ` FROM hook_deliveries WHERE hook_id = $1
	ORDER BY created_at DESC, hook_deliveries.id DESC LIMIT $2`

// Deliveries implements hook.Store.
func (s *Store) Deliveries(ctx context.Context, hookID string, limit int) ([]hook.Delivery, error) {
	return all(ctx, s, scanDelivery, deliveriesOf, uuidOrNull(hookID), max(limit, 0))
}

const deliveryByID = `SELECT ` + deliveryColumns + ` FROM hook_deliveries WHERE id = $1`

// Delivery implements hook.Store.
func (s *Store) Delivery(ctx context.Context, id string) (hook.Delivery, error) {
	return one(ctx, s, scanDelivery, deliveryByID, uuidOrNull(id))
}

const purgeDeliveries = `
	DELETE FROM hook_deliveries WHERE id = ANY(ARRAY(
		SELECT id FROM hook_deliveries WHERE tried_at < $1 ORDER BY tried_at LIMIT $2 FOR UPDATE SKIP LOCKED))`

// PurgeDeliveries implements hook.Store.
func (s *Store) PurgeDeliveries(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := s.exec(ctx, purgeDeliveries, whole(before), max(limit, 0))
	return int(n), err
}

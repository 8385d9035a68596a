package hook

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// Store stores webhooks and deliveries. Every method is atomic.
type Store interface {
	// CreateHook stores a new webhook together with its change record. The order and number of Events
	// MUST be preserved.
	CreateHook(ctx context.Context, h Hook, n audit.Change) error
	// Hooks returns all webhooks, ordered by (CreatedAt, ID).
	Hooks(ctx context.Context) ([]Hook, error)
	// UpdateHook changes the members that p names. If there is no such webhook it returns
	// fault.ErrNotFound and MUST NOT store the change record.
	UpdateHook(ctx context.Context, id string, p Patch, n audit.Change) error
	// DeleteHook deletes a webhook and its deliveries, and stores the change record. If there is no
	// such webhook it returns fault.ErrNotFound and MUST NOT store the change record.
	DeleteHook(ctx context.Context, id string, n audit.Change) error
	// RecordDelivery stores a delivery, replacing one with the same ID. If there is no such webhook it
	// returns fault.ErrNotFound and MUST NOT store anything.
	RecordDelivery(ctx context.Context, d Delivery) error
	// Deliveries returns at most limit deliveries of a webhook, ordered by (CreatedAt, ID), newest
	// first. For an unknown webhook it returns none.
	Deliveries(ctx context.Context, hookID string, limit int) ([]Delivery, error)
	// Delivery returns one delivery, or fault.ErrNotFound, also for an ID that is not a UUID.
	Delivery(ctx context.Context, id string) (Delivery, error)
	// FailingHooks returns the active webhooks with deliveries that were not successful at their last
	// attempt, which was made since a time, ordered by webhook ID.
	FailingHooks(ctx context.Context, since time.Time) ([]Failing, error)
	// PurgeDeliveries deletes at most limit deliveries last attempted before a time, and returns their
	// number.
	PurgeDeliveries(ctx context.Context, before time.Time, limit int) (int, error)
}

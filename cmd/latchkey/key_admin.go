package main

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/keyring"
)

// keyAdmin administers the signing keys for the API and the commands, and records who does. The event is
// stored after the change: a service that ends between them has changed the keys without a record.
type keyAdmin struct {
	*keyring.Ring
	events audit.Store
}

// Rotate implements httpapi.SigningKeys.
func (a keyAdmin) Rotate(ctx context.Context, lead time.Duration, force bool) (keyring.Status, error) {
	next, err := a.Ring.Rotate(ctx, lead, force)
	if err != nil {
		return next, err
	}
	return next, a.events.AppendEvent(ctx, audit.New(ctx, time.Now(), audit.KeyRotated, next.ID, ""))
}

// Revoke implements httpapi.SigningKeys.
func (a keyAdmin) Revoke(ctx context.Context, kid string) error {
	if err := a.Ring.Revoke(ctx, kid); err != nil {
		return err
	}
	return a.events.AppendEvent(ctx, audit.New(ctx, time.Now(), audit.KeyRevoked, kid, ""))
}

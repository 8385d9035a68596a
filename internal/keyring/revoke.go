package keyring

import (
	"context"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Revoke deletes a key at once. A replica rejects the key's tokens as soon as it has refreshed its
// keys. If the key signs, the pending key replaces it, which verifiers already know, or else a new
// one. If Revoke is interrupted, the key still exists and Revoke can be called again. It returns fault.ErrNotFound
// for an unknown kid.
func (r *Ring) Revoke(ctx context.Context, kid string) error {
	if err := r.Refresh(ctx); err != nil {
		return err
	}
	keys := r.keys.Load()
	k := keys.find(kid)
	if k == nil {
		return fault.ErrNotFound
	}
	if keys.signer(r.now()) == k {
		if err := r.replaceSigner(ctx, k); err != nil {
			return fmt.Errorf("keyring: the key was not revoked, because no other key could replace it: %w", err)
		}
	}
	if err := r.store.DeleteSigningKey(ctx, kid); err != nil {
		return fmt.Errorf("keyring: delete the key: %w", err)
	}
	return r.Refresh(ctx)
}

// replaceSigner makes another key sign in place of k. The start of a stored key cannot be changed, so
// the pending key is deleted and stored again as the newest generation.
func (r *Ring) replaceSigner(ctx context.Context, k *key) error {
	// Like the very first key it starts in the past, but not before k: until then a replica whose
	// clock is behind signs with the predecessor of k.
	from := firstStart(r.now())
	if from.Before(k.row.SignsFrom) {
		from = k.row.SignsFrom
	}
	pending := r.pendingKey()
	if pending == nil {
		return r.retryConflicts(ctx, func() error { return r.add(ctx, from) })
	}
	if err := r.store.DeleteSigningKey(ctx, pending.row.ID); err != nil {
		return err
	}
	return r.retryConflicts(ctx, func() error {
		row := pending.row
		row.Generation, row.SignsFrom = r.keys.Load().newest().row.Generation+1, from
		return r.store.AddSigningKey(ctx, row)
	})
}

// pendingKey returns the key that signs next, or nil.
func (r *Ring) pendingKey() *key {
	keys, now := *r.keys.Load(), r.now()
	for i, k := range keys {
		if keys.state(i, now) == Pending && k.private != nil {
			return k
		}
	}
	return nil
}

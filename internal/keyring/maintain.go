package keyring

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Maintain reads the keys and makes the changes that are due: it adds the next key, erases the private
// keys of retired keys, deletes expired keys, and seals with the first secret what is sealed with
// another. Any number of replicas may call it at any time. If it is interrupted, the next call does the
// rest.
func (r *Ring) Maintain(ctx context.Context) error {
	if err := r.Refresh(ctx); err != nil {
		return err
	}
	keys, now := *r.keys.Load(), r.now()
	var errs []error
	changed := false
	if from, due := r.schedule.next(keys, now); due {
		errs, changed = append(errs, ignore(fault.ErrAlreadyExists, r.add(ctx, from))), true
	}
	for i, k := range keys {
		if a := keys.action(i, now); a != noAction {
			errs, changed = append(errs, ignore(fault.ErrNotFound, r.apply(ctx, a, k))), true
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("keyring: maintain the keys: %w", err)
	}
	if !changed {
		return nil
	}
	return r.Refresh(ctx)
}

// apply makes one change to a stored key. It returns fault.ErrNotFound if another replica has made it.
func (r *Ring) apply(ctx context.Context, a action, k *key) error {
	row := k.row
	switch a {
	case deleteKey:
		return r.store.DeleteSigningKey(ctx, row.ID)
	case erasePrivate:
		return r.store.ReplaceSealed(ctx, row.ID, row.Sealed, r.sealer.seal(row.ID, row.Algorithm, nil))
	case reseal:
		plain, err := r.sealer.open(row.ID, row.Algorithm, row.Sealed)
		if err != nil {
			return err
		}
		return r.store.ReplaceSealed(ctx, row.ID, row.Sealed, r.sealer.seal(row.ID, row.Algorithm, plain))
	case noAction:
	}
	return nil
}

// ignore returns err, or nil if err is the one to ignore: another replica has done the same work.
func ignore(ignored, err error) error {
	if errors.Is(err, ignored) {
		return nil
	}
	return err
}

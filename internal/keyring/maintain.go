package keyring

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Maintain reads the keys and does what their schedule demands: it makes the next one in time,
// erases the private halves of those that have retired, deletes those that are over, and seals what
// is not sealed under the first secret anew. It may be called at any time by any number of replicas,
// and may end half-way: the next call does the rest.
func (r *Ring) Maintain(ctx context.Context) error {
	if err := r.Refresh(ctx); err != nil {
		return err
	}
	keys, now := *r.keys.Load(), r.now()
	var faults []error
	changed := false
	if from, due := r.schedule.next(keys, now); due {
		faults, changed = append(faults, unless(oauth.ErrExists, r.add(ctx, from))), true
	}
	for i, k := range keys {
		if todo := r.schedule.chore(keys, i, now); todo != none {
			faults, changed = append(faults, unless(account.ErrNotFound, r.do(ctx, todo, k))), true
		}
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("keyring: maintain the keys: %w", err)
	}
	if !changed {
		return nil
	}
	return r.Refresh(ctx)
}

// do does one thing to a key. account.ErrNotFound: another replica has done it.
func (r *Ring) do(ctx context.Context, todo chore, k *key) error {
	row := k.row
	switch todo {
	case remove:
		return r.store.DeleteSigningKey(ctx, row.ID)
	case erase:
		return r.store.ReplaceSealed(ctx, row.ID, row.Sealed, r.sealer.seal(row.ID, row.Algorithm, nil))
	case reseal:
		plain, err := r.sealer.open(row.ID, row.Algorithm, row.Sealed)
		if err != nil {
			return err
		}
		return r.store.ReplaceSealed(ctx, row.ID, row.Sealed, r.sealer.seal(row.ID, row.Algorithm, plain))
	case none:
	}
	return nil
}

// unless gives err, but not that another replica was first.
func unless(harmless, err error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}

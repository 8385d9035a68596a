package keyring

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// errNoKeys means that there is no key to rotate.
var errNoKeys = errors.New("keyring: there is no key yet; the service creates the first one when it starts")

// Rotate creates the next key, which starts to sign after the lead. Unless force is set, it rejects a
// lead shorter than LeastLead with invalid_request: verifiers would see tokens signed with a key that they do
// not know.
func (r *Ring) Rotate(ctx context.Context, lead time.Duration, force bool) (Status, error) {
	if lead < LeastLead && !force {
		return Status{}, fault.Errorf(fault.InvalidRequest, "verifiers cache the keys and may not know one that signs %v after it is published; "+
			"give them %v", lead, LeastLead).At("/lead_seconds")
	}
	if err := r.Refresh(ctx); err != nil {
		return Status{}, err
	}
	if r.keys.Load().newest() == nil {
		return Status{}, errNoKeys
	}
	from := r.now().Add(max(lead, 0))
	err := r.retryConflicts(ctx, func() error { return r.add(ctx, from) })
	if err != nil {
		return Status{}, err
	}
	keys := *r.keys.Load()
	return r.status(keys, len(keys)-1), nil
}

// retryConflicts adds a generation, again if another process was first, and reads the keys.
func (r *Ring) retryConflicts(ctx context.Context, add func() error) error {
	for range maxConflicts {
		err := add()
		if err != nil && !errors.Is(err, fault.ErrAlreadyExists) {
			return err
		}
		if refreshed := r.Refresh(ctx); err == nil || refreshed != nil {
			return refreshed
		}
	}
	return errors.New("keyring: other processes keep adding keys")
}

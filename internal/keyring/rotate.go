package keyring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Status is a key as those who administer it see it.
type Status struct {
	ID         string
	Generation int64
	Algorithm  string
	State      State
	CreatedAt  time.Time
	SignsFrom  time.Time
	SignsUntil time.Time // zero: until there is another
	Current    bool      // sealed under the first secret: the others are not needed for it
}

// ErrUnknownKey says that there is no key with that kid.
var ErrUnknownKey = errors.New("keyring: there is no key with that kid")

// errNoKeys is the answer where there is nothing to rotate.
var errNoKeys = errors.New("keyring: there is no key yet; the service makes the first when it starts")

// List gives all keys, lowest generation first, as they were read last.
func (r *Ring) List() []Status {
	keys := *r.keys.Load()
	list := make([]Status, len(keys))
	for i := range keys {
		list[i] = r.status(keys, i)
	}
	return list
}

func (r *Ring) status(keys timeline, i int) Status {
	row := keys[i].row
	s := Status{
		ID: row.ID, Generation: row.Generation, Algorithm: row.Algorithm,
		State: keys.state(i, r.now(), r.schedule.keep), Current: keys[i].current,
		CreatedAt: row.CreatedAt, SignsFrom: row.SignsFrom,
	}
	if end := keys.end(i); end.Before(never) {
		s.SignsUntil = end
	}
	return s
}

// Rotate makes the next key now, which signs from a lead later on. A lead so short that verifiers
// would meet tokens of a key that they do not know is refused unless it is forced.
func (r *Ring) Rotate(ctx context.Context, lead time.Duration, force bool) (Status, error) {
	if least := r.o.LeastLead(); lead < least && !force {
		return Status{}, fmt.Errorf("keyring: verifiers may not know a key that signs %v after it is published: "+
			"they keep the key set, so give them %v", lead, least)
	}
	if err := r.Refresh(ctx); err != nil {
		return Status{}, err
	}
	if r.keys.Load().newest() == nil {
		return Status{}, errNoKeys
	}
	from := r.now().Add(max(lead, 0))
	err := r.untilFirst(ctx, func() error { return r.add(ctx, from) })
	if err != nil {
		return Status{}, err
	}
	keys := *r.keys.Load()
	return r.status(keys, len(keys)-1), nil
}

// Revoke deletes a key at once: its tokens are good for nothing on any replica that has read the
// keys since. If it signs, the pending key takes its place, which verifiers know already, or else a
// new one. If this ends half-way the key is still there, and it can be called again.
func (r *Ring) Revoke(ctx context.Context, kid string) error {
	if err := r.Refresh(ctx); err != nil {
		return err
	}
	keys := r.keys.Load()
	k := keys.find(kid)
	if k == nil {
		return ErrUnknownKey
	}
	if keys.signer(r.now()) == k {
		if err := r.replace(ctx, k); err != nil {
			return fmt.Errorf("keyring: the key has not been revoked, since another could not take its place: %w", err)
		}
	}
	if err := r.store.DeleteSigningKey(ctx, kid); err != nil {
		return fmt.Errorf("keyring: delete the key: %w", err)
	}
	return r.Refresh(ctx)
}

// replace makes another key sign in the place of k. When a row begins cannot be changed, so that the
// pending key is stored anew as the newest generation.
func (r *Ring) replace(ctx context.Context, k *key) error {
	// As the very first key, it begins a leeway ago; but not before k, whose forerunner then signs
	// where the clock is behind.
	from := r.schedule.first(r.now())
	if from.Before(k.row.SignsFrom) {
		from = k.row.SignsFrom
	}
	pending := r.pendingKey()
	if pending == nil {
		return r.untilFirst(ctx, func() error { return r.add(ctx, from) })
	}
	if err := r.store.DeleteSigningKey(ctx, pending.row.ID); err != nil {
		return err
	}
	return r.untilFirst(ctx, func() error {
		row := pending.row
		row.Generation, row.SignsFrom = r.keys.Load().newest().row.Generation+1, from
		return r.store.AddSigningKey(ctx, row)
	})
}

// pendingKey is the key that signs next, or nil.
func (r *Ring) pendingKey() *key {
	keys, now := *r.keys.Load(), r.now()
	for i, k := range keys {
		if keys.state(i, now, r.schedule.keep) == Pending && k.private != nil {
			return k
		}
	}
	return nil
}

// untilFirst adds a generation, again as long as another process is first, and reads the keys.
func (r *Ring) untilFirst(ctx context.Context, add func() error) error {
	for range 10 {
		err := add()
		if err != nil && !errors.Is(err, oauth.ErrExists) {
			return err
		}
		if refreshed := r.Refresh(ctx); err == nil || refreshed != nil {
			return refreshed
		}
	}
	return errors.New("keyring: other processes keep making keys")
}

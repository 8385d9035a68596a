package keyring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Open reads the keys from the store. If there is no key, or the newest has another algorithm than the
// configured one, it creates the next key; of many processes that start at once, one succeeds and all
// use its key. If no secret opens a stored key, Open returns an error and creates nothing: a wrong
// setting must not invalidate existing keys and tokens.
func Open(ctx context.Context, store Store, o Options) (*Ring, error) {
	if o.Issuer == "" {
		return nil, errors.New("keyring: no issuer is set")
	}
	o.Algorithm = cmp.Or(o.Algorithm, ES256)
	r, err := newRing(store, o)
	if err != nil {
		return nil, err
	}
	if err := r.ensureKey(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// Attach reads the keys from the store and creates none. It is for commands that manage keys and sign
// nothing: they need no issuer, and without an algorithm new keys get that of the newest key.
func Attach(ctx context.Context, store Store, o Options) (*Ring, error) {
	r, err := newRing(store, o)
	if err != nil {
		return nil, err
	}
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

func newRing(store Store, o Options) (*Ring, error) {
	o = withDefaults(o)
	if err := check(o); err != nil {
		return nil, err
	}
	s, err := newSealer(o.Secrets)
	if err != nil {
		return nil, err
	}
	o.Secrets = nil
	r := &Ring{
		o: o, schedule: scheduleOf(o), store: store, sealer: s, refreshing: make(chan struct{}, 1),
		verified:   newMemory[tokenHash, *verifiedToken](rememberedTokens),
		signatures: newMemory[tokenHash, struct{}](rememberedSignatures),
		headers:    newMemory[string, verifiedHeader](rememberedHeaders),
	}
	r.keys.Store(&timeline{})
	return r, nil
}

// maxConflicts is how often a new generation is tried while other processes keep adding theirs first.
const maxConflicts = 10

// ensureKey reads the keys and adds one unless the newest has the configured algorithm. If another
// process adds a generation first, it reads the keys and decides again.
func (r *Ring) ensureKey(ctx context.Context) error {
	for range maxConflicts {
		if err := r.Refresh(ctx); err != nil {
			return err
		}
		newest := r.keys.Load().newest()
		if newest != nil && newest.row.Algorithm == r.o.Algorithm {
			return nil
		}
		from := firstStart(r.now())
		if newest != nil {
			from = r.schedule.nextStart(r.now())
		}
		err := r.add(ctx, from)
		if err == nil {
			return r.Refresh(ctx)
		}
		if !errors.Is(err, fault.ErrAlreadyExists) {
			return fmt.Errorf("keyring: store a new key: %w", err)
		}
	}
	return errors.New("keyring: other processes keep adding keys with another algorithm")
}

// add creates a key that signs from the given time and stores it as the next generation. It returns
// fault.ErrAlreadyExists if another process was first.
func (r *Ring) add(ctx context.Context, from time.Time) error {
	alg, generation := cmp.Or(r.o.Algorithm, ES256), int64(1)
	if newest := r.keys.Load().newest(); newest != nil {
		alg, generation = cmp.Or(r.o.Algorithm, newest.row.Algorithm), newest.row.Generation+1
	}
	private, err := newPrivate(alg)
	if err != nil {
		return err
	}
	row, err := newRow(private, alg, generation, r.now(), from, r.sealer)
	if err != nil {
		return err
	}
	return r.store.AddSigningKey(ctx, row)
}

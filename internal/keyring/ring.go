package keyring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

var _ oauth.Keys = (*Ring)(nil)

// Ring holds the keys in memory; Sign and Keys ask nobody. It is safe for concurrent use.
type Ring struct {
	o        Options // without the secrets
	schedule schedule
	store    oauth.KeyStore
	sealer   sealer
	reading  chan struct{} // one Refresh at a time, so that an older reading never replaces a newer one
	keys     atomic.Pointer[timeline]
	asked    atomic.Int64 // when Verify last met an unknown key and read the keys, unix seconds
}

// Open reads the keys. If there is none, or the newest is not of the wanted algorithm, it makes the
// next one; of many processes that start at once one succeeds and all use its key. A key that no
// secret opens is an error, and then none is made: tokens and keys that exist are never given up
// because of a wrong setting.
func Open(ctx context.Context, store oauth.KeyStore, o Options) (*Ring, error) {
	if o.Issuer == "" {
		return nil, errors.New("keyring: no issuer is set")
	}
	o.Algorithm = cmp.Or(o.Algorithm, ES256)
	r, err := newRing(store, o)
	if err != nil {
		return nil, err
	}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// Attach reads the keys and makes none. It is for those who administer keys and sign nothing: no
// issuer need be set, and without an algorithm new keys get that of the newest.
func Attach(ctx context.Context, store oauth.KeyStore, o Options) (*Ring, error) {
	r, err := newRing(store, o)
	if err != nil {
		return nil, err
	}
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

func newRing(store oauth.KeyStore, o Options) (*Ring, error) {
	o = withDefaults(o)
	if err := check(o); err != nil {
		return nil, err
	}
	s, err := newSealer(o.Secrets)
	if err != nil {
		return nil, err
	}
	o.Secrets = nil
	r := &Ring{o: o, schedule: scheduleOf(o), store: store, sealer: s, reading: make(chan struct{}, 1)}
	r.keys.Store(&timeline{})
	return r, nil
}

// prepare reads the keys until one of the wanted algorithm is the newest, or was when this ring made
// it. Each time that another process makes a generation first, that one is read and judged anew.
func (r *Ring) prepare(ctx context.Context) error {
	for range 10 {
		if err := r.Refresh(ctx); err != nil {
			return err
		}
		newest := r.keys.Load().newest()
		if newest != nil && newest.row.Algorithm == r.o.Algorithm {
			return nil
		}
		from := r.schedule.first(r.now())
		if newest != nil {
			from = r.schedule.pending(r.now())
		}
		err := r.add(ctx, from)
		if err == nil {
			return r.Refresh(ctx)
		}
		if !errors.Is(err, oauth.ErrExists) {
			return fmt.Errorf("keyring: store a new key: %w", err)
		}
	}
	return errors.New("keyring: other processes keep making keys of another algorithm")
}

// add makes a key and stores it as the next generation. ErrExists: another process was first.
func (r *Ring) add(ctx context.Context, from time.Time) error {
	alg, generation := r.o.Algorithm, int64(1)
	if newest := r.keys.Load().newest(); newest != nil {
		alg, generation = cmp.Or(alg, newest.row.Algorithm), newest.row.Generation+1
	}
	private, err := newPrivate(cmp.Or(alg, ES256))
	if err != nil {
		return err
	}
	row, err := newRow(private, cmp.Or(alg, ES256), generation, r.now(), from, r.sealer)
	if err != nil {
		return err
	}
	return r.store.AddSigningKey(ctx, row)
}

// Refresh reads the keys again. After an error the former keys stay in use.
func (r *Ring) Refresh(ctx context.Context) error {
	select {
	case r.reading <- struct{}{}:
		defer func() { <-r.reading }()
	case <-ctx.Done():
		return fmt.Errorf("keyring: read the keys: %w", ctx.Err())
	}
	rows, err := r.store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("keyring: read the keys: %w", err)
	}
	keys := make(timeline, 0, len(rows))
	for _, row := range rows {
		k, err := load(row, r.sealer)
		if err != nil {
			return fmt.Errorf("keyring: signing key %q cannot be opened: %w; "+
				"LATCHKEY_SECRET is not the one the keys were stored with, or the row has been changed", row.ID, err)
		}
		keys = append(keys, k)
	}
	r.keys.Store(&keys)
	return nil
}

// now is the time in whole seconds, as tokens and rows have it.
func (r *Ring) now() time.Time { return r.o.Now().UTC().Truncate(time.Second) }

// published are the keys of the moment.
func (r *Ring) published() timeline {
	return r.keys.Load().published(r.now(), r.schedule.keep)
}

// What an unknown key may cost: a token that names one is made by anybody.
const (
	askEvery   = 10 * time.Second
	askTimeout = 2 * time.Second
)

// find gives a published key. One that is not known may have been made a moment ago by another
// replica: then the keys are read again, by one caller at a time and seldom; all others go on.
func (r *Ring) find(kid string) *key {
	if k := r.published().find(kid); k != nil || !r.mayAsk() {
		return k
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	if err := r.Refresh(ctx); err != nil {
		return nil // Maintain meets the same error and gives it to somebody
	}
	return r.published().find(kid)
}

// mayAsk is true once in askEvery.
func (r *Ring) mayAsk() bool {
	now, last := r.now().Unix(), r.asked.Load()
	if last <= now && now-last < int64(askEvery/time.Second) {
		return false
	}
	return r.asked.CompareAndSwap(last, now)
}

// Keys are the published keys, lowest generation first: the same list for the same rows, until the
// time changes it.
func (r *Ring) Keys() []oauth.PublicKey {
	keys := r.published()
	shown := make([]oauth.PublicKey, len(keys))
	for i, k := range keys {
		shown[i] = k.shown
	}
	return shown
}

// Algorithms are those of the published keys, sorted.
func (r *Ring) Algorithms() []string {
	var algs []string
	for _, k := range r.published() {
		algs = append(algs, k.row.Algorithm)
	}
	slices.Sort(algs)
	return slices.Compact(algs)
}

package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

var _ oauth.Keys = (*Ring)(nil)

// Types of a token, the typ header: that of RFC 9068 §2.1, and the one that older libraries want.
const (
	TypeAccessToken = "at+jwt"
	TypeJWT         = "JWT"
)

// keepFor is how long a key is published after it has signed its last token, beside the life of
// that token: longer than any cache of the key set.
const keepFor = 24 * time.Hour

// Options of a Ring.
type Options struct {
	Secrets   [][]byte         // master secrets of at least 32 bytes: the first seals, all open
	Algorithm string           // of new keys: ES256 (default), RS256, EdDSA
	Issuer    string           // iss, exactly
	Audience  string           // our own aud, which Verify demands; default: the issuer
	Type      string           // typ: at+jwt (default) or JWT
	MaxLife   time.Duration    // the longest exp - iat that is accepted; default: an hour
	Leeway    time.Duration    // for clocks that differ; default: a minute
	Now       func() time.Time // default: time.Now
}

// Ring holds the keys in memory; only Open and Refresh ask the store. It is safe for concurrent use.
type Ring struct {
	o       Options // without the secrets
	store   oauth.KeyStore
	sealer  sealer
	reading sync.Mutex // one Refresh at a time, so that an older reading never replaces a newer one
	keys    atomic.Pointer[timeline]
}

// Open reads the keys. If there is none, or the newest is not of the wanted algorithm, it makes the
// next one; of many processes that start at once one succeeds and all use its key. A key that no
// secret opens is an error, and then none is made: tokens and keys that exist are never given up
// because of a wrong setting.
func Open(ctx context.Context, store oauth.KeyStore, o Options) (*Ring, error) {
	o = withDefaults(o)
	if err := check(o); err != nil {
		return nil, err
	}
	s, err := newSealer(o.Secrets)
	if err != nil {
		return nil, err
	}
	o.Secrets = nil
	r := &Ring{o: o, store: store, sealer: s}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// prepare reads the keys until one of the wanted algorithm is the newest, or was when this ring made
// it. Each time that another process makes a generation first, that one is read and judged anew.
func (r *Ring) prepare(ctx context.Context) error {
	for range 10 {
		if err := r.Refresh(ctx); err != nil {
			return err
		}
		if k := r.keys.Load().newest(); k != nil && k.row.Algorithm == r.o.Algorithm {
			return nil
		}
		err := r.add(ctx)
		if err == nil {
			return r.Refresh(ctx)
		}
		if !errors.Is(err, oauth.ErrExists) {
			return fmt.Errorf("keyring: store a new key: %w", err)
		}
	}
	return errors.New("keyring: other processes keep making keys of another algorithm")
}

func withDefaults(o Options) Options {
	set := func(s *string, to string) {
		if *s == "" {
			*s = to
		}
	}
	set(&o.Algorithm, ES256)
	set(&o.Type, TypeAccessToken)
	set(&o.Audience, o.Issuer)
	if o.MaxLife <= 0 {
		o.MaxLife = time.Hour
	}
	if o.Leeway <= 0 {
		o.Leeway = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func check(o Options) error {
	switch {
	case o.Issuer == "":
		return errors.New("keyring: no issuer is set")
	case o.Type != TypeAccessToken && o.Type != TypeJWT:
		return fmt.Errorf("keyring: the type of tokens is %q: choose %s or %s", o.Type, TypeAccessToken, TypeJWT)
	case !slices.Contains([]string{ES256, RS256, EdDSA}, o.Algorithm):
		return fmt.Errorf("keyring: there is no algorithm %q: choose ES256, RS256 or EdDSA", o.Algorithm)
	}
	return nil
}

// add stores the next generation, which signs from now on. The very first one signs from a leeway
// ago: a replica whose clock is behind has no older key to sign with.
func (r *Ring) add(ctx context.Context) error {
	private, err := newPrivate(r.o.Algorithm)
	if err != nil {
		return err
	}
	now := r.now()
	generation, from := int64(1), now.Add(-r.o.Leeway)
	if newest := r.keys.Load().newest(); newest != nil {
		generation, from = newest.row.Generation+1, now
	}
	row, err := newRow(private, r.o.Algorithm, generation, now, from, r.sealer)
	if err != nil {
		return err
	}
	return r.store.AddSigningKey(ctx, row)
}

// Refresh reads the keys again. After an error the former keys stay in use.
func (r *Ring) Refresh(ctx context.Context) error {
	r.reading.Lock()
	defer r.reading.Unlock()
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
	return r.keys.Load().published(r.now(), keepFor+r.o.MaxLife)
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

package keyring

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Ring holds the keys in memory, so that Sign and Keys need no database. It is safe for concurrent use.
type Ring struct {
	o           Options // without the secrets
	schedule    schedule
	store       Store
	sealer      sealer
	refreshing  chan struct{} // held by Refresh, so that older rows never replace newer ones
	keys        atomic.Pointer[timeline]
	verified    *memory[tokenHash, *verifiedToken]
	signatures  *memory[tokenHash, struct{}]    // valid ones
	headers     *memory[string, verifiedHeader] // of tokens with valid signatures
	lastUnknown atomic.Int64                    // when an unknown kid last caused a Refresh, in Unix seconds
}

// useStoredSecret is what the operator can do about a key that cannot be opened.
const useStoredSecret = "set LATCHKEY_SECRET or LATCHKEY_SECRET_FILE to the secret with which the service has used this database, " +
	"or LATCHKEY_DATA_DIR to another directory for a new one"

// Refresh reads the keys from the store. After an error the previous keys stay in use.
func (r *Ring) Refresh(ctx context.Context) error {
	select {
	case r.refreshing <- struct{}{}:
		defer func() { <-r.refreshing }()
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
				"LATCHKEY_SECRET is not the one the keys were stored with, or the row has been changed; %s", row.ID, err, useStoredSecret)
		}
		keys = append(keys, k)
	}
	r.keys.Store(&keys)
	return nil
}

// now is the current time in whole seconds, the precision of tokens and rows.
func (r *Ring) now() time.Time { return r.o.Now().UTC().Truncate(time.Second) }

// published returns the keys that are published now.
func (r *Ring) published() timeline {
	return r.keys.Load().published(r.now())
}

// publishedKey returns the key with that kid if it is published now, or nil.
func (r *Ring) publishedKey(kid string) *key {
	keys, now := *r.keys.Load(), r.now()
	for i, k := range keys {
		if k.row.ID == kid && keys.state(i, now) != Expired {
			return k
		}
	}
	return nil
}

// Limits on the refreshes that unknown kids cause: anyone can send a token with an unknown kid.
const (
	unknownInterval = 10 * time.Second
	unknownTimeout  = 2 * time.Second
)

// find returns the published key with that kid, or nil. Another replica may have created an unknown
// key a moment ago, so find then reads the keys again: one caller at a time, once in unknownInterval.
// All other callers do not wait.
func (r *Ring) find(kid string) *key {
	if k := r.publishedKey(kid); k != nil || !r.claimRefresh() {
		return k
	}
	ctx, cancel := context.WithTimeout(context.Background(), unknownTimeout)
	defer cancel()
	if err := r.Refresh(ctx); err != nil {
		return nil // Maintain gets the same error and reports it
	}
	return r.publishedKey(kid)
}

// claimRefresh reports whether the caller may read the keys for an unknown kid. It returns true to
// one caller in each unknownInterval.
func (r *Ring) claimRefresh() bool {
	now, last := r.now().Unix(), r.lastUnknown.Load()
	if last <= now && now-last < int64(unknownInterval/time.Second) {
		return false
	}
	return r.lastUnknown.CompareAndSwap(last, now)
}

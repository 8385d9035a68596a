package oauth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// HS256 is the algorithm of tokens for a third party that shares a key with one client (RFC 7518 §3.2).
// The service itself accepts no such token.
const HS256 = "HS256"

// TokenKeys are the keys that a client shares with a third party, as a Vault has sealed them.
type TokenKeys struct {
	Current  []byte    // nil: the client has never had a key
	Next     []byte    // replaces Current at NextFrom; nil: none
	NextFrom time.Time // zero without Next
}

// Vault encrypts the keys that clients share with third parties.
type Vault interface {
	// Seal encrypts a key and binds it to a client.
	Seal(client string, key []byte) []byte
	// Open decrypts what Seal returned for the same client.
	Open(client string, sealed []byte) ([]byte, error)
	// Current reports whether a key is sealed with the first of several master secrets.
	Current(sealed []byte) bool
}

// signing returns the sealed key that signs at now, or nil.
func (k TokenKeys) signing(now time.Time) []byte {
	if k.Next != nil && !now.Before(k.NextFrom) {
		return k.Next
	}
	return k.Current
}

// rotated returns the keys after a new one has been created that signs after a delay. A first key signs at
// once.
func (k TokenKeys) rotated(sealed []byte, now time.Time, delay time.Duration) TokenKeys {
	current := k.signing(now)
	if current == nil || delay <= 0 {
		return TokenKeys{Current: sealed}
	}
	return TokenKeys{Current: current, Next: sealed, NextFrom: now.Add(delay)}
}

// each returns the keys with fn applied to those that exist.
func (k TokenKeys) each(fn func(sealed []byte) ([]byte, error)) (_ TokenKeys, err error) {
	for _, sealed := range []*[]byte{&k.Current, &k.Next} {
		if *sealed == nil {
			continue
		}
		if *sealed, err = fn(*sealed); err != nil {
			return TokenKeys{}, err
		}
	}
	return k, nil
}

// current reports whether no key needs another master secret than the first.
func (k TokenKeys) current(v Vault) bool {
	return (k.Current == nil || v.Current(k.Current)) && (k.Next == nil || v.Current(k.Next))
}

// errNoVault means that a command without the master secret creates a key.
var errNoVault = errors.New("oauth: a shared key needs the master secret")

// newTokenKey returns a key, as text that every third party can take: 43 characters with 256 random bits.
// Their bytes are the key, without decoding.
func (r *ClientRegistry) newTokenKey(client string) (key string, sealed []byte, err error) {
	if r.vault == nil {
		return "", nil, errNoVault
	}
	raw := make([]byte, secretSize)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
	key = base64.RawURLEncoding.EncodeToString(raw)
	return key, r.vault.Seal(client, []byte(key)), nil
}

// RotateTokenKey creates a new shared key of a client and returns it. It signs after a delay; until then the
// old key does. The first key of a client signs at once. A key can be created before the client uses HS256.
// It returns insufficient_scope unless the caller may pass on the client's scopes.
func (r *ClientRegistry) RotateTokenKey(ctx context.Context, by Authority, id string, delay time.Duration) (Client, string, error) {
	key, sealed, err := r.newTokenKey(id)
	if err != nil {
		return Client{}, "", err
	}
	for range rotateAttempts {
		c, err := r.Client(ctx, id)
		if err != nil {
			return Client{}, "", err
		}
		if err := checkClient(c, by); err != nil {
			return Client{}, "", err
		}
		keys := c.TokenKeys.rotated(sealed, wholeSecond(r.clock()), delay)
		err = r.clients.SwapTokenKeys(ctx, id, c.TokenKeys, keys, r.clientChange(ctx, audit.ClientKeyRotated, id))
		if err == nil {
			c.TokenKeys = keys
			return c, key, nil
		}
		if !isNotFound(err) {
			return Client{}, "", err
		}
		// Another request was faster.
	}
	return Client{}, "", fault.ErrUnavailable
}

const resealBatch = 100 // clients

// OldTokenKeys returns the clients whose shared keys are not sealed with the first master secret.
func (r *ClientRegistry) OldTokenKeys(ctx context.Context) (old []Client, err error) {
	for after, last := "", false; !last; {
		clients, next, err := r.ListClients(ctx, after, resealBatch)
		if err != nil {
			return nil, err
		}
		for _, c := range clients {
			if !c.TokenKeys.current(r.vault) {
				old = append(old, c)
			}
		}
		after, last = next, next == ""
	}
	return old, nil
}

// ResealTokenKeys seals with the first master secret what is sealed with another. Any number of replicas
// may call it at any time.
func (r *ClientRegistry) ResealTokenKeys(ctx context.Context) error {
	old, err := r.OldTokenKeys(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range old {
		keys, err := c.TokenKeys.each(func(sealed []byte) ([]byte, error) {
			key, err := r.vault.Open(c.ID, sealed)
			if err != nil {
				return nil, err
			}
			return r.vault.Seal(c.ID, key), nil
		})
		if err == nil {
			err = r.clients.SwapTokenKeys(ctx, c.ID, c.TokenKeys, keys, audit.Change{})
		}
		if !isNotFound(err) { // else another replica has done it, or the client has a new key
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

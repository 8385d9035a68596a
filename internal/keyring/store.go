package keyring

import (
	"context"
	"time"
)

// SigningKey is a key as it is stored. Its private key is sealed with the master secret.
type SigningKey struct {
	ID         string // kid: the RFC 7638 SHA-256 thumbprint
	Generation int64  // 1, 2, 3 …; unique, so that only one of many replicas creates the next key
	Algorithm  string // ES256, RS256 or EdDSA
	Public     []byte // JWK, in JSON
	Sealed     []byte // AES-256-GCM of the private key, or of nothing once it has been erased
	CreatedAt  time.Time
	SignsFrom  time.Time // the key is published before this time, and signs from then on, until a later generation does
}

// Store stores signing keys.
type Store interface {
	// SigningKeys returns all keys, lowest generation first.
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// AddSigningKey stores k. If the generation or the ID is in use, it MUST store nothing and return
	// fault.ErrAlreadyExists.
	AddSigningKey(ctx context.Context, k SigningKey) error
	// ReplaceSealed is a compare-and-swap of the sealed private key. Unless the key exists and is
	// sealed as from, it MUST change nothing and return fault.ErrNotFound.
	ReplaceSealed(ctx context.Context, id string, from, to []byte) error
	// DeleteSigningKey deletes a key, or returns fault.ErrNotFound.
	DeleteSigningKey(ctx context.Context, id string) error
}

package oauth

import (
	"context"
	"time"
)

// Claims are those of an access token (RFC 9068 §2.2). Times are UTC in whole seconds.
type Claims struct {
	Issuer    string
	Subject   string // the user's UUID
	Audience  []string
	ExpiresAt time.Time
	IssuedAt  time.Time
	ID        string // jti, unique
	ClientID  string
	SessionID string // sid
	Scopes    []string
	Roles     []string
}

// Keys signs and verifies access tokens.
type Keys interface {
	// Sign gives the compact form of a JWT.
	Sign(c Claims) (string, error)
	// Verify gives the claims of a token that is ours and has not expired. Anything else is
	// ErrInvalidToken, whatever the fault.
	Verify(token string) (Claims, error)
}

// SigningKey is a stored key: the private half is sealed under the master secret.
type SigningKey struct {
	ID         string // kid: RFC 7638 SHA-256 thumbprint
	Generation int64  // 1, 2, 3 …; unique, so that of many replicas one makes the next key
	Algorithm  string // ES256, RS256 or EdDSA
	Public     []byte // JWK, JSON
	Sealed     []byte // AES-256-GCM of the private half, or of nothing once that has been erased
	CreatedAt  time.Time
	SignsFrom  time.Time // published before, signs from then on
	SignsUntil time.Time // verifies for some time longer; zero: not yet decided
}

// KeyStore keeps signing keys.
type KeyStore interface {
	// SigningKeys gives all keys, lowest generation first.
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// AddSigningKey stores k. It MUST answer ErrExists and store nothing when the generation or the
	// id is in use.
	AddSigningKey(ctx context.Context, k SigningKey) error
	// ReplaceSealed is a compare-and-swap of the sealed private half: it MUST change nothing and
	// answer account.ErrNotFound unless the key is there and holds from.
	ReplaceSealed(ctx context.Context, id string, from, to []byte) error
	// DeleteSigningKey deletes a key, or answers account.ErrNotFound.
	DeleteSigningKey(ctx context.Context, id string) error
}

// PublicKey is a key as the JWKS shows it (RFC 7517), public members only.
type PublicKey struct {
	KeyType   string // kty
	Use       string // sig
	Algorithm string // alg
	ID        string // kid
	Curve     string // crv, for EC and OKP
	X, Y      string // for EC; X alone for OKP
	N, E      string // for RSA
}

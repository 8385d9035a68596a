package oauth

import (
	"context"
	"time"
)

// PublicClientID names the built-in public client, which stands for callers that name none.
const PublicClientID = "latchkey-public"

// Client is an application that may ask for tokens (RFC 6749 §2).
type Client struct {
	ID         string
	Name       string
	Public     bool           // cannot keep a secret (RFC 6749 §2.1)
	FirstParty bool           // run by the same people as Latchkey
	Secrets    []ClientSecret // at most two, so that a secret can be rotated without an outage
	Grants     []string       // allowed grant types
	Scopes     []string       // allowed scopes; empty: all that the user has
	Audiences  []string       // who its tokens are for; empty: the service's own
	AccessTTL  time.Duration  // life of an access token; 0: the service's own
	Active     bool
	CreatedAt  time.Time
}

// ClientSecret is what is kept of a secret: random secrets get SHA-256, only human ones need a slow hash.
type ClientSecret struct {
	Hash      []byte    // SHA-256 of the secret, 32 bytes
	CreatedAt time.Time // when it was made
	ExpiresAt time.Time // when it stops working; zero: never
}

// ClientStore finds registered clients.
type ClientStore interface {
	// CreateClient registers c with its secrets. It MUST answer ErrExists when the id is in use.
	CreateClient(ctx context.Context, c Client) error
	// ClientByID finds a client with its secrets, or answers account.ErrNotFound.
	ClientByID(ctx context.Context, id string) (Client, error)
}

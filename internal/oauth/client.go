package oauth

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// PublicClientID names the built-in public client, which stands for callers that name none.
const PublicClientID = "latchkey-public"

// Client is an application that may ask for tokens (RFC 6749 §2).
type Client struct {
	ID          string
	Name        string
	Public      bool           // cannot keep a secret (RFC 6749 §2.1)
	FirstParty  bool           // run by the same people as Latchkey
	Secrets     []ClientSecret // at most two, so that a secret can be rotated without an outage
	Grants      []string       // allowed grant types
	Scopes      []string       // allowed scopes; empty: all that the user has
	Audiences   []string       // who its tokens are for; empty: the service's own
	AccessTTL   time.Duration  // life of an access token; 0: the service's own
	SessionIdle time.Duration  // life of a session without use; 0: the service's own
	SessionMax  time.Duration  // life of a session in any case; 0: the service's own
	Active      bool
	CreatedAt   time.Time
}

// ClientSecret is what is kept of a secret: random secrets get SHA-256, only human ones need a slow hash.
type ClientSecret struct {
	Hash      []byte    // SHA-256 of the secret, 32 bytes
	CreatedAt time.Time // when it was made
	ExpiresAt time.Time // when it stops working; zero: never
}

// ClientPatch changes what is not nil.
type ClientPatch struct {
	Name        *string
	FirstParty  *bool
	Grants      *[]string
	Scopes      *[]string
	Audiences   *[]string
	AccessTTL   *time.Duration
	SessionIdle *time.Duration
	SessionMax  *time.Duration
	Active      *bool // false ends the client's sessions in the same act
}

// ClientStore keeps registered clients. Every method is one atomic act.
type ClientStore interface {
	// CreateClient registers c with its secrets. It MUST answer ErrExists when the id is in use.
	CreateClient(ctx context.Context, c Client, n audit.Note) error
	// ClientByID finds a client with its secrets, newest first, or answers account.ErrNotFound.
	ClientByID(ctx context.Context, id string) (Client, error)
	// ListClients gives at most limit clients after an id, by id, with their secrets.
	ListClients(ctx context.Context, after string, limit int) ([]Client, error)
	// UpdateClient changes what p names. It MUST revoke the client's live sessions in the same act
	// when p switches it off. account.ErrNotFound: no such client.
	UpdateClient(ctx context.Context, id string, p ClientPatch, now time.Time, n audit.Note) error
	// DeleteClient deletes a client and its secrets, and revokes its live sessions in the same act.
	// account.ErrNotFound: no such client.
	DeleteClient(ctx context.Context, id string, now time.Time, n audit.Note) error
	// RotateClientSecret adds a secret. In the same act it deletes all others but the newest, and
	// makes that one expire at until unless it expires before. account.ErrNotFound: no such client.
	RotateClientSecret(ctx context.Context, id string, secret ClientSecret, until time.Time, n audit.Note) error
}

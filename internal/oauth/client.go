package oauth

import (
	"context"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// PublicClientID is the id of the built-in public client, which stands for callers that name none.
const PublicClientID = "latchkey-public"

// Client is an application that may request tokens (RFC 6749 §2).
type Client struct {
	ID          string
	Name        string
	Public      bool           // cannot keep a secret (RFC 6749 §2.1)
	FirstParty  bool           // run by the operator of this service
	Secrets     []ClientSecret // at most two, so that a secret can be rotated without an outage
	Grants      []string       // allowed grant types
	Scopes      []string       // allowed scopes; empty: all of the user's
	Audiences   []string       // of its tokens; empty: the service's
	AccessTTL   time.Duration  // lifetime of an access token; 0: the service's
	SessionIdle time.Duration  // lifetime of an unused session; 0: the service's
	SessionMax  time.Duration  // longest lifetime of a session; 0: the service's
	Active      bool
	CreatedAt   time.Time

	TokenAlgorithm string    // of its access tokens: HS256, or empty for the service's own
	TokenKeys      TokenKeys // for HS256
	Claims         string    // extra claims of its access tokens, as JSON (package claims); empty: none
}

// Clone returns a copy that shares no memory with c.
func (c Client) Clone() Client {
	c.Grants, c.Scopes, c.Audiences = slices.Clone(c.Grants), slices.Clone(c.Scopes), slices.Clone(c.Audiences)
	c.TokenKeys.Current, c.TokenKeys.Next = slices.Clone(c.TokenKeys.Current), slices.Clone(c.TokenKeys.Next)
	c.Secrets = slices.Clone(c.Secrets)
	for i := range c.Secrets {
		c.Secrets[i].Hash = slices.Clone(c.Secrets[i].Hash)
	}
	return c
}

// ClientSecret is what is stored of a secret. Secrets are random, so SHA-256 is enough.
type ClientSecret struct {
	Hash      []byte    // SHA-256 of the secret, 32 bytes
	CreatedAt time.Time // when it was created
	ExpiresAt time.Time // when it stops working; zero: never
}

// ClientPatch changes the fields that are not nil.
type ClientPatch struct {
	Name        *string
	FirstParty  *bool
	Grants      *[]string
	Scopes      *[]string
	Audiences   *[]string
	AccessTTL   *time.Duration
	SessionIdle *time.Duration
	SessionMax  *time.Duration
	Active      *bool // false revokes the client's sessions in the same act

	TokenAlgorithm *string
	Claims         *string
}

// ClientStore stores registered clients. Every method is one atomic act.
type ClientStore interface {
	// CreateClient stores c with its secrets. It MUST return fault.ErrAlreadyExists when the id is in use.
	CreateClient(ctx context.Context, c Client, change audit.Change) error
	// ClientByID returns a client with its secrets, newest first, or fault.ErrNotFound.
	ClientByID(ctx context.Context, id string) (Client, error)
	// ListClients returns at most limit clients after an id, by id, with their secrets.
	ListClients(ctx context.Context, after string, limit int) ([]Client, error)
	// UpdateClient changes the fields that p names. When p disables the client, every reader MUST see
	// its live sessions as revoked from the same act on, however many there are; see EndClientSessions.
	// fault.ErrNotFound: no such client.
	UpdateClient(ctx context.Context, id string, p ClientPatch, now time.Time, change audit.Change) error
	// DeleteClient deletes a client and its secrets, and ends its sessions like UpdateClient.
	// fault.ErrNotFound: no such client.
	DeleteClient(ctx context.Context, id string, now time.Time, change audit.Change) error
	// RotateClientSecret adds a secret. In the same act it deletes all others except the newest, and
	// makes that one expire at until unless it expires earlier. fault.ErrNotFound: no such client.
	RotateClientSecret(ctx context.Context, id string, secret ClientSecret, until time.Time, change audit.Change) error
	// SwapTokenKeys is a compare-and-swap of the token keys: it replaces them if the stored Current and Next
	// are those of from. It MUST change nothing and return fault.ErrNotFound otherwise.
	SwapTokenKeys(ctx context.Context, id string, from, to TokenKeys, change audit.Change) error
	// EndClientSessions marks as revoked at most limit sessions that UpdateClient or DeleteClient has ended,
	// and returns their number. Readers see no difference. A client whose sessions are all marked is
	// forgotten after a while.
	EndClientSessions(ctx context.Context, now time.Time, limit int) (int, error)
}

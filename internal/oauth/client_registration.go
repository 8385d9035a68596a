package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

// clientID matches ids whose characters need no encoding anywhere (RFC 3986 §2.3).
var clientID = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,64}$`)

// uuidLike matches what a parser of UUIDs may take for the id of a user: some ignore case and hyphens.
var uuidLike = regexp.MustCompile(`^(?:-*[0-9A-Fa-f]){32}-*$`)

// ClientRegistry registers and administers clients.
type ClientRegistry struct {
	clients ClientStore
	vault   Vault // nil: creates and seals no shared keys
	clock   func() time.Time
}

// NewClientRegistry returns the registry of the clients in a store. Only what concerns shared keys needs
// the vault; elsewhere it may be nil.
func NewClientRegistry(clients ClientStore, vault Vault, now func() time.Time) (*ClientRegistry, error) {
	if clients == nil || now == nil {
		return nil, errors.New("oauth: a client registry needs a store and a clock")
	}
	return &ClientRegistry{clients: clients, vault: vault, clock: now}, nil
}

// ClientSecrets are what a new client must be told. They cannot be shown again.
type ClientSecrets struct {
	Secret   string // with which it authenticates; empty for a public client
	TokenKey string // with which a third party verifies its tokens; empty unless they have HS256
}

// CreateClient registers a client and returns its secrets, of which only a hash or an encrypted form is
// stored. It returns already_exists, invalid_client_metadata or insufficient_scope.
func (r *ClientRegistry) CreateClient(ctx context.Context, by Authority, c Client) (Client, ClientSecrets, error) {
	c.Active, c.CreatedAt = true, wholeSecond(r.clock())
	if err := checkNewID(c.ID); err != nil {
		return Client{}, ClientSecrets{}, err
	}
	if err := checkClient(c, by); err != nil {
		return Client{}, ClientSecrets{}, err
	}
	set, err := extraClaims(c.Claims)
	if err != nil {
		return Client{}, ClientSecrets{}, err
	}
	c.Claims = set.Text()
	var secrets ClientSecrets
	if !c.Public {
		var stored ClientSecret
		secrets.Secret, stored = newSecret(c.CreatedAt)
		c.Secrets = []ClientSecret{stored}
	}
	if c.TokenAlgorithm == HS256 {
		if secrets.TokenKey, c.TokenKeys.Current, err = r.newTokenKey(c.ID); err != nil {
			return Client{}, ClientSecrets{}, err
		}
	}
	if err := r.clients.CreateClient(ctx, c, r.clientChange(ctx, audit.ClientCreated, c.ID)); err != nil {
		return Client{}, ClientSecrets{}, err
	}
	return c, secrets, nil
}

// Client returns a registered client, or fault.ErrNotFound.
func (r *ClientRegistry) Client(ctx context.Context, id string) (Client, error) {
	if !clientID.MatchString(id) {
		return Client{}, fault.ErrNotFound
	}
	return r.clients.ClientByID(ctx, id)
}

// ListClients returns at most limit registered clients after an id, by id, and the id after which the
// next page begins; empty on the last page.
func (r *ClientRegistry) ListClients(ctx context.Context, after string, limit int) ([]Client, string, error) {
	clients, err := r.clients.ListClients(ctx, after, limit+1) // one more tells whether there is a next page
	if err != nil || len(clients) <= limit {
		return clients, "", err
	}
	return clients[:limit], clients[limit-1].ID, nil
}

// UpdateClient changes the fields that p names and returns the client as stored. It returns
// insufficient_scope also for scopes that the client has had until then: somebody could take them away, rotate
// the secret, and use it when they are restored.
func (r *ClientRegistry) UpdateClient(ctx context.Context, by Authority, id string, p ClientPatch) (Client, error) {
	c, err := r.Client(ctx, id)
	if err != nil {
		return Client{}, err
	}
	changed := p.apply(c)
	if err := checkClient(changed, by); err != nil {
		return Client{}, err
	}
	if err := mayManage(c, by); err != nil {
		return Client{}, err
	}
	if changed.TokenAlgorithm == HS256 && c.TokenKeys.Current == nil {
		return Client{}, fault.Errorf(InvalidClientMetadata, "the client has no shared key yet; create it first").At("/access_token_algorithm")
	}
	if p.Claims != nil {
		set, err := extraClaims(*p.Claims)
		if err != nil {
			return Client{}, err
		}
		p.Claims = new(set.Text())
	}
	if err := r.clients.UpdateClient(ctx, id, p, wholeSecond(r.clock()), r.clientChange(ctx, audit.ClientUpdated, id)); err != nil {
		return Client{}, err
	}
	return r.clients.ClientByID(ctx, id)
}

// apply returns the client as the patch would change it.
func (p ClientPatch) apply(c Client) Client {
	set(&c.Name, p.Name)
	set(&c.FirstParty, p.FirstParty)
	set(&c.Grants, p.Grants)
	set(&c.Scopes, p.Scopes)
	set(&c.Audiences, p.Audiences)
	set(&c.AccessTTL, p.AccessTTL)
	set(&c.SessionIdle, p.SessionIdle)
	set(&c.SessionMax, p.SessionMax)
	set(&c.Active, p.Active)
	set(&c.TokenAlgorithm, p.TokenAlgorithm)
	set(&c.Claims, p.Claims)
	return c
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// DeleteClient deletes a client and revokes its sessions. Its id can then be registered anew, so it returns
// insufficient_scope as for a change. fault.ErrNotFound: no such client.
func (r *ClientRegistry) DeleteClient(ctx context.Context, by Authority, id string) error {
	c, err := r.Client(ctx, id)
	if err != nil {
		return err
	}
	if err := mayManage(c, by); err != nil {
		return err
	}
	return r.clients.DeleteClient(ctx, id, wholeSecond(r.clock()), r.clientChange(ctx, audit.ClientDeleted, id))
}

// EndClientSessions is background work that follows when a client is disabled or deleted: it revokes at
// most limit of its sessions, which have stopped working already, and returns their number.
func (r *ClientRegistry) EndClientSessions(ctx context.Context, limit int) (int, error) {
	return r.clients.EndClientSessions(ctx, wholeSecond(r.clock()), limit)
}

// RotateSecret creates a new secret; the newest of the old ones works for overlap longer. It returns
// invalid_client_metadata for a public client. With the secret one can act as the client, so it returns
// insufficient_scope unless the caller may pass on the client's scopes.
func (r *ClientRegistry) RotateSecret(ctx context.Context, by Authority, id string, overlap time.Duration) (Client, string, error) {
	c, err := r.Client(ctx, id)
	if err != nil {
		return Client{}, "", err
	}
	if c.Public {
		return Client{}, "", fault.Errorf(InvalidClientMetadata, "a public client has no secret")
	}
	if err := checkClient(c, by); err != nil {
		return Client{}, "", err
	}
	now := wholeSecond(r.clock())
	secret, stored := newSecret(now)
	if err := r.clients.RotateClientSecret(ctx, id, stored, now.Add(overlap), r.clientChange(ctx, audit.ClientSecretAdded, id)); err != nil {
		return Client{}, "", err
	}
	c, err = r.clients.ClientByID(ctx, id)
	return c, secret, err
}

// clientChange returns what is stored with a change to a client.
func (r *ClientRegistry) clientChange(ctx context.Context, action audit.Action, id string) audit.Change {
	return audit.Change{Event: audit.New(ctx, r.clock(), action, id, id)}
}

const secretSize = 32 // random bytes

// newSecret returns a secret of unreserved characters, which need no encoding in HTTP Basic.
func newSecret(now time.Time) (string, ClientSecret) {
	raw := make([]byte, secretSize)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
	secret := "cs_" + base64.RawURLEncoding.EncodeToString(raw)
	hash := sha256.Sum256([]byte(secret))
	return secret, ClientSecret{Hash: hash[:], CreatedAt: now}
}

// checkNewID refuses the id of a user, which is the sub of their tokens, as the id is of a client's own: APIs could
// take the client for the user (RFC 9700 §4.15). Clients that have such an id already keep working.
func checkNewID(id string) error {
	if uuidLike.MatchString(id) {
		return fault.Errorf(InvalidClientMetadata, "an id cannot be a UUID, which could be the id of a user; choose a name, such as report-worker").At("/id")
	}
	return nil
}

// checkClient validates a client. The lifetimes are bounded by the contract.
func checkClient(c Client, by Authority) error {
	invalid := func(pointer, format string, args ...any) error {
		return fault.Errorf(InvalidClientMetadata, format, args...).At(pointer)
	}
	switch {
	case !clientID.MatchString(c.ID):
		return invalid("/id", "an id consists of 1 to 64 letters, digits, dots, underscores, tildes and hyphens")
	case c.ID == PublicClientID:
		return fault.ErrAlreadyExists
	case !account.PlainText(c.Name):
		return invalid("/name", "the name contains control characters")
	case len(c.Grants) == 0 || !scope.Subset(c.Grants, grantTypes):
		return invalid("/grants", "choose one or more of these grants: %s", strings.Join(grantTypes, " "))
	case c.Public && slices.Contains(c.Grants, GrantClient):
		return invalid("/grants", "a public client cannot use %s", GrantClient)
	case !c.FirstParty && slices.Contains(c.Grants, GrantPassword):
		return invalid("/first_party", "only a first-party client may use the password grant (RFC 9700 section 2.4)")
	case !scope.AllValid(c.Scopes):
		return invalid("/scopes", "a scope contains a character that is not allowed")
	case slices.Contains(c.Audiences, ""):
		return invalid("/audiences", "an audience cannot be empty")
	case slices.ContainsFunc(c.Audiences, func(audience string) bool { return !account.PlainText(audience) }):
		return invalid("/audiences", "an audience contains control characters")
	}
	if err := checkTokens(c); err != nil {
		return err
	}
	return mayManage(c, by)
}

// mayManage returns insufficient_scope unless the caller may pass on the scopes that a client has without a user.
func mayManage(c Client, by Authority) error {
	if slices.Contains(c.Grants, GrantClient) {
		return by.CanGive(scope.Without(c.Scopes, userScope))
	}
	return nil
}

package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// clientID has the characters that need no encoding anywhere (RFC 3986 §2.3).
var clientID = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,64}$`)

// Authority is what somebody may hand on: the scopes that he has himself. The zero Authority
// hands on nothing.
type Authority struct {
	scopes   []string
	operator bool
}

// Operator is whoever has the database: the commands act for him.
var Operator = Authority{operator: true}

// Authority gives what the principal may hand on.
func (p Principal) Authority() Authority { return Authority{scopes: p.Claims.Scopes} }

// CanGive says whether scopes may be handed on: nobody raises himself by way of a role or a client.
func (a Authority) CanGive(scopes []string) error {
	if a.operator || subset(scopes, a.scopes) {
		return nil
	}
	return account.Errorf(InsufficientScope, "only scopes that the caller has can be given")
}

// CreateClient registers a client. The secret of a confidential one is given here and not kept. It
// answers ErrExists, invalid_client_metadata or insufficient_scope.
func (s *Service) CreateClient(ctx context.Context, by Authority, c Client) (Client, string, error) {
	c.Active, c.CreatedAt = true, s.now()
	if err := checkClient(c, by); err != nil {
		return Client{}, "", err
	}
	secret := ""
	if !c.Public {
		var kept ClientSecret
		secret, kept = newSecret(c.CreatedAt)
		c.Secrets = []ClientSecret{kept}
	}
	if err := s.Clients.CreateClient(ctx, c, s.clientNote(ctx, audit.ClientCreated, c.ID)); err != nil {
		return Client{}, "", err
	}
	return c, secret, nil
}

// Client gives a registered client, or account.ErrNotFound.
func (s *Service) Client(ctx context.Context, id string) (Client, error) {
	if !clientID.MatchString(id) {
		return Client{}, account.ErrNotFound
	}
	return s.Clients.ClientByID(ctx, id)
}

// ListClients gives at most limit registered clients after an id, by id.
func (s *Service) ListClients(ctx context.Context, after string, limit int) ([]Client, error) {
	return s.Clients.ListClients(ctx, after, limit)
}

// UpdateClient changes what the patch names and gives the client as it is then.
func (s *Service) UpdateClient(ctx context.Context, by Authority, id string, p ClientPatch) (Client, error) {
	c, err := s.Client(ctx, id)
	if err != nil {
		return Client{}, err
	}
	if err := checkClient(p.apply(c), by); err != nil {
		return Client{}, err
	}
	if err := s.Clients.UpdateClient(ctx, id, p, s.now(), s.clientNote(ctx, audit.ClientUpdated, id)); err != nil {
		return Client{}, err
	}
	return s.Clients.ClientByID(ctx, id)
}

// apply gives the client as the patch would make it.
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
	return c
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// DeleteClient deletes a client and ends its sessions. account.ErrNotFound: no such client.
func (s *Service) DeleteClient(ctx context.Context, id string) error {
	return s.Clients.DeleteClient(ctx, id, s.now(), s.clientNote(ctx, audit.ClientDeleted, id))
}

// RotateSecret makes a new secret; the newest of the old ones works for overlap longer. A public
// client has none: invalid_client_metadata. Whoever makes a secret can act as the client, so that the
// client's own scopes must be his: insufficient_scope.
func (s *Service) RotateSecret(ctx context.Context, by Authority, id string, overlap time.Duration) (Client, string, error) {
	c, err := s.Client(ctx, id)
	if err != nil {
		return Client{}, "", err
	}
	if c.Public {
		return Client{}, "", account.Errorf(InvalidClientMetadata, "a public client has no secret")
	}
	if err := checkClient(c, by); err != nil {
		return Client{}, "", err
	}
	now := s.now()
	secret, kept := newSecret(now)
	if err := s.Clients.RotateClientSecret(ctx, id, kept, now.Add(overlap), s.clientNote(ctx, audit.ClientSecretAdded, id)); err != nil {
		return Client{}, "", err
	}
	c, err = s.Clients.ClientByID(ctx, id)
	return c, secret, err
}

// clientNote is what is kept of a change to a client.
func (s *Service) clientNote(ctx context.Context, action audit.Action, id string) audit.Note {
	return audit.Note{Event: audit.New(ctx, account.NewOrderedID(s.Now()), s.now(), action, id, id)}
}

const secretSize = 32 // random bytes

// newSecret makes a secret of unreserved characters, which need no encoding in HTTP Basic.
func newSecret(now time.Time) (string, ClientSecret) {
	raw := make([]byte, secretSize)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
	secret := "cs_" + base64.RawURLEncoding.EncodeToString(raw)
	hash := sha256.Sum256([]byte(secret))
	return secret, ClientSecret{Hash: hash[:], CreatedAt: now}
}

// checkClient holds a client against the rules; the figures are bounded by the contract.
func checkClient(c Client, by Authority) error {
	invalid := func(pointer, format string, args ...any) error {
		return account.Errorf(InvalidClientMetadata, format, args...).At(pointer)
	}
	switch {
	case !clientID.MatchString(c.ID):
		return invalid("/id", "the id may have letters, digits, dot, underscore, tilde and hyphen")
	case c.ID == PublicClientID:
		return ErrExists
	case len(c.Grants) == 0 || !subset(c.Grants, grantTypes):
		return invalid("/grants", "the grants are some of: %s", strings.Join(grantTypes, " "))
	case c.Public && slices.Contains(c.Grants, GrantClient):
		return invalid("/grants", "a public client cannot use %s", GrantClient)
	case !c.FirstParty && slices.Contains(c.Grants, GrantPassword):
		return invalid("/first_party", "only a first-party client may use the password grant (RFC 9700 section 2.4)")
	case slices.ContainsFunc(c.Scopes, func(s string) bool { return s == "" || strings.ContainsFunc(s, account.NotScopeChar) }):
		return invalid("/scopes", "a scope has a character that is not allowed in one")
	case slices.Contains(c.Audiences, ""):
		return invalid("/audiences", "an audience is empty")
	case slices.Contains(c.Grants, GrantClient):
		return by.CanGive(without(c.Scopes, userScope))
	}
	return nil
}

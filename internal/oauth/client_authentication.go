package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Credentials are the client that a caller claims to be. The zero Credentials name none.
type Credentials struct {
	// Pairs are the possible readings of one claim: in HTTP Basic, clients send the parts form-encoded
	// (RFC 6749 §2.3.1) or raw.
	Pairs []Pair
	// Unsupported reports that the caller uses an authentication method that is not supported.
	Unsupported bool
}

// none reports whether the caller names no client.
func (c Credentials) none() bool { return len(c.Pairs) == 0 && !c.Unsupported }

// Pair is a client id and a secret; the secret is empty if none was sent.
type Pair struct {
	ID     string
	Secret string
}

const maxClientID = 255 // characters

// AuthenticateClient returns the client that a caller claims to be. It returns invalid_client for an
// unknown client, a wrong or missing secret and an inactive client, and too_many_requests after too
// many of them.
func (s *Service) AuthenticateClient(ctx context.Context, claim Credentials, address string) (Client, error) {
	if claim.Unsupported {
		return Client{}, errClient
	}
	if claim.none() {
		claim.Pairs = []Pair{{ID: PublicClientID}}
	}
	for _, pair := range claim.Pairs {
		client, err := s.clientByID(ctx, pair.ID)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return Client{}, err
		}
		if client.Active && client.matches(pair.Secret, s.clock()) {
			return client, nil
		}
	}
	wait, err := s.limits.CountClientFailure(ctx, address, claim.Pairs[0].ID)
	if err != nil {
		return Client{}, err
	}
	if wait > 0 {
		return Client{}, fault.Denied(fault.LimitClientSecret, wait)
	}
	event := audit.New(ctx, s.clock(), audit.ClientRefused, "", "").Failed(string(InvalidClient))
	if err := s.events.AppendEvent(ctx, event); err != nil {
		return Client{}, err
	}
	return Client{}, errClient
}

// clientByID returns the built-in client or a registered one. An id that no client can have costs no
// query.
func (s *Service) clientByID(ctx context.Context, id string) (Client, error) {
	if id == PublicClientID {
		return s.builtinClient(), nil
	}
	if id == "" || len(id) > maxClientID || !printable(id) {
		return Client{}, fault.ErrNotFound
	}
	return s.clients.ClientByID(ctx, id)
}

func (s *Service) builtinClient() Client {
	return Client{
		ID: PublicClientID, Name: "Built-in public client", Public: true, FirstParty: true,
		Grants: []string{GrantPassword, GrantRefresh}, Active: s.settings.PublicClient,
	}
}

// matches reports whether the secret is right: none for a public client, a live one for others. All
// secrets are compared, in constant time.
func (c Client) matches(secret string, now time.Time) bool {
	if c.Public {
		return secret == ""
	}
	hash := sha256.Sum256([]byte(secret))
	found := 0
	for _, known := range c.Secrets {
		if known.ExpiresAt.IsZero() || now.Before(known.ExpiresAt) {
			found |= subtle.ConstantTimeCompare(hash[:], known.Hash)
		}
	}
	return found == 1
}

// printable reports whether s consists of visible ASCII and spaces (RFC 6749 appendix A.1).
func printable(s string) bool {
	for _, r := range s {
		if r < 0x20 || r > 0x7e {
			return false
		}
	}
	return true
}

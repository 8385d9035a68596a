package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// Credentials are what a caller says of the client that it is. The zero Credentials say nothing.
type Credentials struct {
	// Pairs are the readings of one claim: HTTP Basic parts may be form-encoded (RFC 6749 §2.3.1)
	// or raw, and both are sent.
	Pairs []Pair
	// Unsupported says that the caller authenticates in a way that is not known here.
	Unsupported bool
}

// none says whether the caller said nothing of its client.
func (c Credentials) none() bool { return len(c.Pairs) == 0 && !c.Unsupported }

// Pair is a client id and a secret, which is empty if none was given.
type Pair struct {
	ID     string
	Secret string
}

const maxClientID = 255 // characters

// errClient is the one answer to a client that cannot be authenticated: nobody learns from it
// which clients exist (RFC 6749 §5.2).
var errClient = account.Errorf(InvalidClient, "the client could not be authenticated")

// AuthenticateClient finds the client that a caller claims to be. It answers invalid_client for an
// unknown client, a wrong or missing secret, and a client that is not active; too_many_requests
// when an address guesses at secrets.
func (s *Service) AuthenticateClient(ctx context.Context, claim Credentials, address string) (Client, error) {
	if claim.Unsupported {
		return Client{}, errClient
	}
	if claim.none() {
		claim.Pairs = []Pair{{ID: PublicClientID}}
	}
	for _, pair := range claim.Pairs {
		client, err := s.clientByID(ctx, pair.ID)
		if errors.Is(err, account.ErrNotFound) {
			continue
		}
		if err != nil {
			return Client{}, err
		}
		if client.Active && client.matches(pair.Secret, s.Now()) {
			return client, nil
		}
	}
	wait, err := s.Limits.FailClient(ctx, address, claim.Pairs[0].ID)
	if err != nil {
		return Client{}, err
	}
	if wait > 0 {
		return Client{}, account.Denied(wait)
	}
	event := audit.New(ctx, account.NewOrderedID(s.Now()), s.now(), audit.ClientRefused, "", "").Failed(string(InvalidClient))
	return Client{}, errors.Join(errClient, s.Events.AppendEvent(ctx, event))
}

// clientByID gives the built-in client or a registered one. An id that no client can have costs no query.
func (s *Service) clientByID(ctx context.Context, id string) (Client, error) {
	if id == PublicClientID {
		return Client{
			ID: PublicClientID, Name: "Built-in public client", Public: true, FirstParty: true,
			Grants: []string{GrantPassword, GrantRefresh}, Active: s.PublicClient,
		}, nil
	}
	if id == "" || len(id) > maxClientID || !printable(id) {
		return Client{}, account.ErrNotFound
	}
	return s.Clients.ClientByID(ctx, id)
}

// matches says whether the secret is right: none for a public client, a live one for others.
// Secrets are compared in constant time, all of them.
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

// printable says whether s has visible ASCII and spaces alone (RFC 6749 appendix A.1).
func printable(s string) bool {
	for _, r := range s {
		if r < 0x20 || r > 0x7e {
			return false
		}
	}
	return true
}

package oauth

import (
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

// Claims are the claims of an access token (RFC 9068 §2.2). Times are UTC in whole seconds.
type Claims struct {
	Issuer    string
	Subject   string // the user's UUID, or the id of a client that acts for itself
	Audience  []string
	ExpiresAt time.Time
	IssuedAt  time.Time
	ID        string // jti, unique
	ClientID  string
	SessionID string // sid
	Scopes    []string
	Roles     []string
	Extra     map[string]any // more claims of the client, which Verify does not return
}

// Keys signs and verifies access tokens.
type Keys interface {
	// Sign returns a JWT in compact form.
	Sign(c Claims) (string, error)
	// SignShared returns a JWT in compact form, signed with HS256 and a key that a third party has as well.
	SignShared(c Claims, key []byte) (string, error)
	// SignRevocations returns a list of ended sessions as a JWT in compact form, which Verify rejects.
	SignRevocations(list Revocations) (string, error)
	// Verify returns the claims of a token that Sign returned and that has not expired. For every
	// other token, one of SignShared included, it returns ErrInvalidToken.
	Verify(token string) (Claims, error)
}

// accessToken signs an access token for a session (RFC 9068 §2.2).
func (s *Service) accessToken(c Client, u account.User, sid string, scopes []string) (TokenResponse, error) {
	ttl := s.accessTTL(c)
	now := s.now()
	extra, err := extraClaims(c.Claims)
	if err != nil {
		return TokenResponse{}, err
	}
	token, err := s.sign(c, Claims{
		Issuer: s.settings.Issuer, Subject: u.ID, Audience: s.audience(c), ExpiresAt: now.Add(ttl), IssuedAt: now,
		ID: uuid.NewString(), ClientID: c.ID, SessionID: sid, Scopes: scopes, Roles: u.Roles,
		Extra: extra.Render(userFields(u)),
	})
	if err != nil {
		return TokenResponse{}, err
	}
	return TokenResponse{AccessToken: token, ExpiresIn: ttl, Scope: scope.Join(scopes)}, nil
}

// sign signs the claims with the key of the service, or with the one that the client shares with a third
// party.
func (s *Service) sign(c Client, claims Claims) (string, error) {
	if c.TokenAlgorithm != HS256 {
		return s.keys.Sign(claims)
	}
	key, err := s.vault.Open(c.ID, c.TokenKeys.signing(claims.IssuedAt))
	if err != nil {
		return "", err
	}
	return s.keys.SignShared(claims, key)
}

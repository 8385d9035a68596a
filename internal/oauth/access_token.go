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
}

// Keys signs and verifies access tokens.
type Keys interface {
	// Sign returns a JWT in compact form.
	Sign(c Claims) (string, error)
	// Verify returns the claims of a token that this service issued and that has not expired. For
	// every other token it returns ErrInvalidToken.
	Verify(token string) (Claims, error)
}

// accessToken signs an access token for a session (RFC 9068 §2.2).
func (s *Service) accessToken(c Client, u account.User, sid string, scopes []string) (TokenResponse, error) {
	ttl := s.accessTTL(c)
	now := s.now()
	token, err := s.keys.Sign(Claims{
		Issuer: s.settings.Issuer, Subject: u.ID, Audience: s.audience(c), ExpiresAt: now.Add(ttl), IssuedAt: now,
		ID: uuid.NewString(), ClientID: c.ID, SessionID: sid, Scopes: scopes, Roles: u.Roles,
	})
	if err != nil {
		return TokenResponse{}, err
	}
	return TokenResponse{AccessToken: token, ExpiresIn: ttl, Scope: scope.Join(scopes)}, nil
}

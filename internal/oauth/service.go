package oauth

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// GrantPassword is the resource owner password credentials grant (RFC 6749 §4.3). RFC 9700 §2.4
// forbids it for third parties; here it serves first-party clients alone.
const GrantPassword = "password"

// Accounts says who a user is and whether the password is right.
type Accounts interface {
	// Find gives the user who signs in by login, and the key by which tries are counted. An
	// unknown user is the zero User, no error.
	Find(ctx context.Context, login string) (account.User, string, error)
	// Authenticate costs the same for every user, and answers account.ErrInvalidCredentials for an
	// unknown one, a wrong password, and one who may not sign in.
	Authenticate(ctx context.Context, u account.User, password string) error
}

// Settings are the figures of the tokens.
type Settings struct {
	Issuer       string
	Audience     []string      // who access tokens are for
	AccessTTL    time.Duration // life of an access token
	SessionIdle  time.Duration // a session ends so long after its last use
	SessionMax   time.Duration // and so long after its beginning in any case
	PublicClient bool          // whether callers that name no client are served
}

// Options are what a Service needs.
type Options struct {
	Settings
	Accounts Accounts
	Clients  ClientStore
	Sessions SessionStore
	Keys     Keys
	Limits   Limiter
	Now      func() time.Time
	Log      *slog.Logger
}

// Service answers the OAuth endpoints.
type Service struct {
	Options
}

// New makes a Service.
func New(o Options) *Service { return &Service{Options: o} }

// TokenRequest is a well-formed request to the token endpoint.
type TokenRequest struct {
	GrantType string
	Username  string
	Password  string
	Scope     string
	Client    Credentials
	Caller    Caller
}

// Caller is where a request comes from.
type Caller struct {
	Address   string // IP address
	UserAgent string
}

// TokenResponse is a successful answer (RFC 6749 §5.1).
type TokenResponse struct {
	AccessToken string
	ExpiresIn   time.Duration
	Scope       string
}

// Token answers the token endpoint. The steps that all grants share stand here, cheap ones first;
// what is a grant's own stands in its file.
func (s *Service) Token(ctx context.Context, r TokenRequest) (TokenResponse, error) {
	// 1. A grant that exists (RFC 6749 §5.2).
	grant, err := s.grant(r)
	if err != nil {
		return TokenResponse{}, err
	}
	// 2. Scopes that can be read (RFC 6749 §3.3).
	scopes, err := parseScopes(r.Scope)
	if err != nil {
		return TokenResponse{}, err
	}
	// 3. The client (RFC 6749 §2.3).
	client, err := s.AuthenticateClient(ctx, r.Client, r.Caller.Address)
	if err != nil {
		return TokenResponse{}, err
	}
	// 4. A grant and scopes that this client may ask for.
	if err := client.allows(r.GrantType, scopes); err != nil {
		return TokenResponse{}, err
	}
	// 5. The grant itself.
	return grant(ctx, r, client, scopes)
}

// grantFunc is what is a grant's own.
type grantFunc func(ctx context.Context, r TokenRequest, c Client, scopes []string) (TokenResponse, error)

// grant finds what answers a grant type and checks the parameters that it demands.
func (s *Service) grant(r TokenRequest) (grantFunc, error) {
	switch r.GrantType {
	case "":
		return nil, account.Errorf(InvalidRequest, "the parameter grant_type is missing")
	case GrantPassword:
		return s.passwordGrant, checkPasswordRequest(r)
	default:
		return nil, account.Errorf(UnsupportedGrantType, "this grant_type is not supported")
	}
}

// GrantTypes lists the grants that Token answers.
func (s *Service) GrantTypes() []string { return []string{GrantPassword} }

// accessToken signs an access token for a user's session (RFC 9068 §2.2).
func (s *Service) accessToken(c Client, u account.User, sid string, scopes []string) (TokenResponse, error) {
	ttl, audience := s.AccessTTL, s.Audience
	if c.AccessTTL > 0 {
		ttl = c.AccessTTL
	}
	if len(c.Audiences) > 0 {
		audience = c.Audiences
	}
	now := s.now()
	token, err := s.Keys.Sign(Claims{
		Issuer: s.Issuer, Subject: u.ID, Audience: audience, ExpiresAt: now.Add(ttl), IssuedAt: now,
		ID: account.NewID(), ClientID: c.ID, SessionID: sid, Scopes: scopes, Roles: u.Roles,
	})
	if err != nil {
		return TokenResponse{}, err
	}
	return TokenResponse{AccessToken: token, ExpiresIn: ttl, Scope: strings.Join(scopes, " ")}, nil
}

// now is the time in whole seconds, as tokens and sessions have it.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Second) }

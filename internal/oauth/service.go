package oauth

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
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
	RefreshGrace time.Duration // a refresh token works again so long after its first use
	SessionIdle  time.Duration // a session ends so long after its last use
	SessionMax   time.Duration // and so long after its beginning in any case
	PublicClient bool          // whether callers that name no client are served
}

// Options are what a Service needs.
type Options struct {
	Settings
	RefreshKeys [][]byte // of the MACs of refresh tokens, 32 bytes each: the first signs, all verify
	Accounts    Accounts
	Clients     ClientStore
	Sessions    SessionStore
	Keys        Keys
	Limits      Limiter
	Events      audit.Log
	Now         func() time.Time
	Log         *slog.Logger
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

	RefreshToken string
	Client       Credentials
	Caller       Caller
}

// Caller is where a request comes from.
type Caller struct {
	Address   string // IP address
	UserAgent string
}

// TokenResponse is a successful answer (RFC 6749 §5.1).
type TokenResponse struct {
	AccessToken      string
	ExpiresIn        time.Duration
	RefreshToken     string        // empty where the client may not refresh
	RefreshExpiresIn time.Duration // until the session ends if it is not used
	Scope            string
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
	client, err := s.client(ctx, r)
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
	case GrantRefresh:
		return s.refreshGrant, checkRefreshRequest(r)
	case GrantClient:
		return s.clientGrant, nil
	default:
		return nil, account.Errorf(UnsupportedGrantType, "this grant_type is not supported")
	}
}

// GrantTypes lists the grants that Token answers.
func (s *Service) GrantTypes() []string { return slices.Clone(grantTypes) }

var grantTypes = []string{GrantPassword, GrantRefresh, GrantClient}

// client finds who asks. A refresh that names nobody counts for the client of the token.
func (s *Service) client(ctx context.Context, r TokenRequest) (Client, error) {
	if r.GrantType == GrantRefresh && r.Client.none() {
		return s.holder(ctx, r.RefreshToken)
	}
	return s.AuthenticateClient(ctx, r.Client, r.Caller.Address)
}

// tokens gives an access token and, where the client may refresh, the session's newest refresh token,
// both as of now.
func (s *Service) tokens(c Client, u account.User, session Session, scopes []string, now time.Time) (TokenResponse, error) {
	response, err := s.accessToken(c, u, session.ID, scopes)
	if err == nil && slices.Contains(c.Grants, GrantRefresh) {
		response.RefreshToken = s.refreshKeys().encode(refreshToken{family: session.FamilyID, counter: session.Counter})
		response.RefreshExpiresIn = session.Expires().Sub(now)
	}
	return response, err
}

// accessToken signs an access token for a user's session (RFC 9068 §2.2).
func (s *Service) accessToken(c Client, u account.User, sid string, scopes []string) (TokenResponse, error) {
	ttl := s.accessTTL(c)
	now := s.now()
	token, err := s.Keys.Sign(Claims{
		Issuer: s.Issuer, Subject: u.ID, Audience: s.audience(c), ExpiresAt: now.Add(ttl), IssuedAt: now,
		ID: account.NewID(), ClientID: c.ID, SessionID: sid, Scopes: scopes, Roles: u.Roles,
	})
	if err != nil {
		return TokenResponse{}, err
	}
	return TokenResponse{AccessToken: token, ExpiresIn: ttl, Scope: strings.Join(scopes, " ")}, nil
}

// What a client may have of its own instead of the service's.
func (s *Service) accessTTL(c Client) time.Duration { return cmp.Or(c.AccessTTL, s.AccessTTL) }
func (s *Service) idle(c Client) time.Duration      { return cmp.Or(c.SessionIdle, s.SessionIdle) }
func (s *Service) max(c Client) time.Duration       { return cmp.Or(c.SessionMax, s.SessionMax) }

func (s *Service) audience(c Client) []string {
	if len(c.Audiences) > 0 {
		return c.Audiences
	}
	return s.Audience
}

// now is the time in whole seconds, as tokens and sessions have it.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Second) }

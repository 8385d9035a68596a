package oauth

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

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
	Device    string // what the browser has kept of TokenResponse.DeviceHint, may be empty
}

// TokenResponse is a successful response (RFC 6749 §5.1).
type TokenResponse struct {
	AccessToken      string
	ExpiresIn        time.Duration
	RefreshToken     string        // empty if the client may not refresh
	RefreshExpiresIn time.Duration // until the session ends if it is not used
	Scope            string
	DeviceHint       string // for a browser to keep, after a sign-in with a password
}

// grantRequest is what the shared steps of all grants have established for one.
type grantRequest struct {
	TokenRequest
	client    Client
	scopes    []string        // as requested; none: all that are allowed
	presented *presentedToken // the refresh token, if the shared steps have resolved it
}

// grantFunc implements what is specific to a grant.
type grantFunc func(ctx context.Context, r *grantRequest) (TokenResponse, error)

// Token implements the token endpoint, with the errors of RFC 6749 §5.2.
func (s *Service) Token(ctx context.Context, r TokenRequest) (TokenResponse, error) {
	response, err := s.issue(ctx, r)
	s.observeRefreshFailure(r.GrantType, err)
	return response, invalidGrant(err)
}

// SignIn is the password grant for other endpoints: its errors are those of account.
func (s *Service) SignIn(ctx context.Context, r TokenRequest) (TokenResponse, error) {
	r.GrantType = GrantPassword
	return s.issue(ctx, r)
}

// issue has the steps that all grants share, cheap ones first; what is specific to a grant is in its file.
func (s *Service) issue(ctx context.Context, r TokenRequest) (TokenResponse, error) {
	// 1. A grant that exists, with its parameters (RFC 6749 §5.2).
	grant, err := s.grant(r)
	if err != nil {
		return TokenResponse{}, err
	}
	// 2. Well-formed scopes (RFC 6749 §3.3).
	scopes, err := parseScopes(r.Scope)
	if err != nil {
		return TokenResponse{}, err
	}
	// 3. The client (RFC 6749 §2.3).
	client, presented, err := s.identify(ctx, r)
	if err != nil {
		return TokenResponse{}, err
	}
	// 4. A grant and scopes that this client may request.
	if err := client.allows(r.GrantType, scopes); err != nil {
		return TokenResponse{}, err
	}
	// 5. The grant itself.
	return grant(ctx, &grantRequest{TokenRequest: r, client: client, scopes: scopes, presented: presented})
}

// grant returns the implementation of a grant type and checks its required parameters.
func (s *Service) grant(r TokenRequest) (grantFunc, error) {
	switch r.GrantType {
	case "":
		return nil, fault.Errorf(fault.InvalidRequest, "the parameter grant_type is missing")
	case GrantPassword:
		return s.passwordGrant, checkPasswordRequest(r)
	case GrantRefresh:
		return s.refreshGrant, checkRefreshRequest(r)
	case GrantClient:
		return s.clientGrant, nil
	default:
		return nil, fault.Errorf(UnsupportedGrantType, "this grant_type is not supported; use one of: %s", strings.Join(grantTypes, ", "))
	}
}

var grantTypes = []string{GrantPassword, GrantRefresh, GrantClient}

// GrantTypes returns the grants that Token implements.
func (s *Service) GrantTypes() []string { return slices.Clone(grantTypes) }

// identify returns the client that makes a request. A refresh that names no client counts for the client of
// its refresh token. That is most likely the built-in one, which is assumed until the session is read; if the
// built-in client is off, the token is resolved here. The client credentials grant has no public client to
// fall back on (RFC 6749 §4.4.2).
func (s *Service) identify(ctx context.Context, r TokenRequest) (Client, *presentedToken, error) {
	if r.GrantType == GrantClient && r.Client.none() {
		return Client{}, nil, errClient
	}
	if r.GrantType != GrantRefresh || !r.Client.none() {
		client, err := s.AuthenticateClient(ctx, r.Client, r.Caller.Address)
		return client, nil, err
	}
	if client := s.builtinClient(); client.Active {
		return client, nil, nil
	}
	presented, err := s.present(ctx, r.RefreshToken)
	if err != nil {
		return Client{}, nil, err
	}
	client, err := s.publicHolder(ctx, presented)
	return client, presented, err
}

// tokens returns an access token and, if the client may refresh, the newest refresh token of the
// session as of now.
func (s *Service) tokens(c Client, u account.User, session Session, scopes []string, now time.Time) (TokenResponse, error) {
	response, err := s.accessToken(c, u, session.ID, scopes)
	if err == nil && slices.Contains(c.Grants, GrantRefresh) {
		response.RefreshToken = s.refreshKeys.encode(refreshToken{family: session.FamilyID, counter: session.Counter})
		response.RefreshExpiresIn = session.Expires().Sub(now)
	}
	return response, err
}

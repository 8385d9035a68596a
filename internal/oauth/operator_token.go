package oauth

import (
	"context"
	"slices"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// OperatorRequest asks for tokens of a user without a password.
type OperatorRequest struct {
	User     account.User
	ClientID string // "": the built-in public client
	Scope    string // "": all that the user and the client may have
}

// OperatorToken starts a session for a user without a password and returns its tokens. It is for the
// operator, who could set the password as well. The session is one of the user's own: they see it and
// can end it, and the audit event names the actor of ctx.
func (s *Service) OperatorToken(ctx context.Context, r OperatorRequest) (TokenResponse, error) {
	scopes, err := parseScopes(r.Scope)
	if err != nil {
		return TokenResponse{}, err
	}
	id := r.ClientID
	if id == "" {
		id = PublicClientID
	}
	client, err := s.clientByID(ctx, id)
	switch {
	case err != nil:
		return TokenResponse{}, err
	case !client.Active:
		return TokenResponse{}, fault.Errorf(UnauthorizedClient, "the client %s is disabled", id)
	case !slices.Contains(client.Grants, GrantPassword):
		return TokenResponse{}, fault.Errorf(UnauthorizedClient, "users cannot sign in with the client %s", id)
	case !r.User.ActiveAt(s.now()):
		return TokenResponse{}, fault.Errorf(InvalidGrant, "the user %s is disabled", r.User.Username)
	}
	if err := client.allows(GrantPassword, scopes); err != nil {
		return TokenResponse{}, err
	}
	granted, err := grantScopes(scopes, r.User.Scopes, client.Scopes)
	if err != nil {
		return TokenResponse{}, err
	}
	return s.startSession(ctx, client, r.User, granted, Caller{UserAgent: "latchkey token"})
}

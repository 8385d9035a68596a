package oauth

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// Principal is who makes a request with an access token, and what he may do with it.
type Principal struct {
	Claims Claims
	User   account.User
}

// Principal checks an access token: its form and signature, that its session lives, and that its
// user is active. Roles and scopes that were taken from the user since are taken from the token.
// A fault of the token is ErrInvalidToken; a store that cannot be asked is not.
func (s *Service) Principal(ctx context.Context, token string) (Principal, error) {
	claims, err := s.Keys.Verify(token)
	if err != nil {
		return Principal{}, err
	}
	user, err := s.Sessions.SessionUser(ctx, claims.SessionID, s.now())
	if errors.Is(err, account.ErrNotFound) {
		return Principal{}, ErrInvalidToken.Wrap(err)
	}
	if err != nil {
		return Principal{}, err
	}
	if user.ID != claims.Subject {
		return Principal{}, ErrInvalidToken
	}
	claims.Scopes = intersect(claims.Scopes, user.Scopes)
	claims.Roles = intersect(claims.Roles, user.Roles)
	return Principal{Claims: claims, User: user}, nil
}

// Authorize says whether the principal has all the scopes and at least one of the roles, if any
// are named. The error names what a token would need (RFC 6750 §3.1).
func (p Principal) Authorize(scopes, anyRole []string) error {
	if !subset(scopes, p.Claims.Scopes) {
		err := *account.Errorf(InsufficientScope, "the token lacks a scope that this needs: %s", strings.Join(scopes, " "))
		err.Scope = strings.Join(scopes, " ")
		return &err
	}
	hasRole := func(role string) bool { return slices.Contains(p.Claims.Roles, role) }
	if len(anyRole) > 0 && !slices.ContainsFunc(anyRole, hasRole) {
		return account.Errorf(InsufficientScope, "this needs one of the roles: %s", strings.Join(anyRole, " "))
	}
	return nil
}

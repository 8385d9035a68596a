package oauth

import (
	"context"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// Principal is who makes a request with an access token, and what he may do with it.
type Principal struct {
	Claims Claims
	User   account.User // the zero User where a client acts for itself
}

// Principal checks an access token: its form and signature, that its session lives, and that its
// user is active. Roles and scopes that were taken from the user since are taken from the token.
// A fault of the token is ErrInvalidToken; a store that cannot be asked is not.
func (s *Service) Principal(ctx context.Context, token string) (Principal, error) {
	claims, err := s.Keys.Verify(token)
	if err != nil {
		return Principal{}, err
	}
	session, user, err := s.Sessions.SessionByID(ctx, claims.SessionID)
	if err != nil {
		return Principal{}, tokenFault(err)
	}
	if !session.alive(user, s.now()) || subject(session) != claims.Subject || session.ClientID != claims.ClientID {
		return Principal{}, ErrInvalidToken
	}
	return Principal{Claims: s.narrow(claims, session, user), User: user}, nil
}

// subject is the sub claim of a session's tokens (RFC 9068 §2.2).
func subject(s Session) string {
	if s.UserID == "" {
		return s.ClientID
	}
	return s.UserID
}

// narrow takes from the claims what was taken from the user since.
func (s *Service) narrow(c Claims, session Session, user account.User) Claims {
	if session.UserID != "" {
		c.Scopes = intersect(c.Scopes, user.Scopes)
		c.Roles = intersect(c.Roles, user.Roles)
	}
	return c
}

// tokenFault turns an unknown session into ErrInvalidToken.
func tokenFault(err error) error {
	if isNotFound(err) {
		return ErrInvalidToken.Wrap(err)
	}
	return err
}

// Name is the user's, or the client's where it acts for itself.
func (p Principal) Name() string {
	if p.User.ID == "" {
		return p.Claims.ClientID
	}
	return p.User.Username
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

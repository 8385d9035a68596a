package oauth

import (
	"context"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

// Principal is who makes a request with an access token, and what the token allows.
type Principal struct {
	Claims Claims
	User   account.User // the zero User if a client acts for itself
}

// Principal checks an access token: its form and signature, that its session is live, and that its user
// is active. Roles and scopes that the user has lost since are removed. It returns ErrInvalidToken for
// a token that does not work; an unavailable store is another error.
func (s *Service) Principal(ctx context.Context, token string) (Principal, error) {
	claims, err := s.keys.Verify(token)
	if err != nil {
		return Principal{}, err
	}
	session, user, err := s.sessions.SessionByID(ctx, claims.SessionID)
	if err != nil {
		return Principal{}, unknownSession(err)
	}
	if !session.alive(user, s.now()) || subject(session) != claims.Subject || session.ClientID != claims.ClientID {
		return Principal{}, ErrInvalidToken
	}
	return Principal{Claims: narrow(claims, session, user), User: user}, nil
}

// subject returns the sub claim of a session's tokens (RFC 9068 §2.2).
func subject(s Session) string {
	if s.UserID == "" {
		return s.ClientID
	}
	return s.UserID
}

// narrow removes from the claims what the user has lost since.
func narrow(c Claims, session Session, user account.User) Claims {
	if session.UserID != "" {
		c.Scopes = scope.Intersect(c.Scopes, user.Scopes)
		c.Roles = scope.Intersect(c.Roles, user.Roles)
	}
	return c
}

// unknownSession replaces not_found by ErrInvalidToken.
func unknownSession(err error) error {
	if isNotFound(err) {
		return ErrInvalidToken.Wrap(err)
	}
	return err
}

// Name returns the username, or the id of a client that acts for itself.
func (p Principal) Name() string {
	if p.User.ID == "" {
		return p.Claims.ClientID
	}
	return p.User.Username
}

// Authorize returns insufficient_scope unless the principal has all the scopes and at least one of the
// roles, if any are named. The error names what is missing (RFC 6750 §3.1).
func (p Principal) Authorize(scopes, anyRole []string) error {
	if !scope.Subset(scopes, p.Claims.Scopes) {
		err := *fault.Errorf(fault.InsufficientScope, "this operation needs the scope: %s", scope.Join(scopes))
		err.Scope = scope.Join(scopes)
		return &err
	}
	hasRole := func(role string) bool { return slices.Contains(p.Claims.Roles, role) }
	if len(anyRole) > 0 && !slices.ContainsFunc(anyRole, hasRole) {
		return fault.Errorf(fault.InsufficientScope, "this operation needs one of the roles: %s", strings.Join(anyRole, " "))
	}
	return nil
}

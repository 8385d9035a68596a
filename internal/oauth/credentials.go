package oauth

import (
	"context"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// GrantClient is the client credentials grant (RFC 6749 §4.4).
const GrantClient = "client_credentials"

// userScope cannot be had without a user.
const userScope = "profile"

// clientGrant answers the client credentials grant: a token of the client for itself, without a
// refresh token (RFC 6749 §4.4.3). It has a session all the same, so that it can be revoked.
func (s *Service) clientGrant(ctx context.Context, r TokenRequest, c Client, asked []string) (TokenResponse, error) {
	if c.Public {
		return TokenResponse{}, account.Errorf(UnauthorizedClient, "only a confidential client may use this grant_type")
	}
	if !subset(asked, c.Scopes) {
		return TokenResponse{}, errScope
	}
	scopes, err := grantScopes(asked, without(c.Scopes, userScope), nil)
	if err != nil {
		return TokenResponse{}, err
	}
	session := s.newSession(c, account.User{}, scopes, r.Caller)
	session.IdleUntil = session.CreatedAt.Add(s.accessTTL(c))
	session.AbsoluteUntil = session.IdleUntil
	if err := s.Sessions.CreateSession(ctx, session, s.clientNote(ctx, audit.ClientToken, c.ID)); err != nil {
		return TokenResponse{}, err
	}
	return s.accessToken(c, account.User{ID: c.ID}, session.ID, scopes)
}

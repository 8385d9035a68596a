package oauth

import (
	"context"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

// GrantClient is the client credentials grant (RFC 6749 §4.4).
const GrantClient = "client_credentials"

// userScope is the scope that only a user can have.
const userScope = "profile"

// clientGrant issues a token to a client that acts for itself, without a refresh token
// (RFC 6749 §4.4.3). The token has a session all the same, so that it can be revoked.
func (s *Service) clientGrant(ctx context.Context, r *grantRequest) (TokenResponse, error) {
	// 1. These scopes. Only a confidential client may use this grant, see checkClient.
	c := r.client
	scopes, err := grantScopes(r.scopes, scope.Without(c.Scopes, userScope), nil)
	if err != nil {
		return TokenResponse{}, err
	}
	// 2. A session that lives as long as its token.
	session := s.newSession(c, account.User{}, scopes, r.Caller)
	session.IdleUntil = session.CreatedAt.Add(s.accessTTL(c))
	session.AbsoluteUntil = session.IdleUntil
	if err := s.sessions.CreateSession(ctx, session, s.clientChange(ctx, audit.ClientToken, c.ID)); err != nil {
		return TokenResponse{}, err
	}
	// 3. The token.
	return s.accessToken(c, account.User{ID: c.ID}, session.ID, scopes)
}

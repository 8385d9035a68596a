package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// RevokeToken handles POST /revoke (RFC 7009).
func (s *Server) RevokeToken(ctx context.Context, r api.RevokeTokenRequestObject) (api.RevokeTokenResponseObject, error) {
	err := s.OAuth.Revoke(ctx, oauth.TokenQuery{Token: r.Body.Token, Client: clientAuth(ctx), Caller: caller(ctx)})
	if err != nil {
		return nil, err
	}
	return api.RevokeToken200JSONResponse{
		Headers: api.RevokeToken200ResponseHeaders{CacheControl: noStore, Pragma: noCache}, Body: api.Empty{},
	}, nil
}

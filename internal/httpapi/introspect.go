package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

// IntrospectToken handles POST /introspect (RFC 7662).
func (s *Server) IntrospectToken(ctx context.Context, r api.IntrospectTokenRequestObject) (api.IntrospectTokenResponseObject, error) {
	result, err := s.OAuth.Introspect(ctx, oauth.TokenQuery{Token: r.Body.Token, Client: clientAuth(ctx), Caller: caller(ctx)})
	if err != nil {
		return nil, err
	}
	return api.IntrospectToken200JSONResponse{
		Headers: api.IntrospectToken200ResponseHeaders{CacheControl: noStore, Pragma: noCache},
		Body:    apiIntrospection(result),
	}, nil
}

// apiIntrospection returns the response body. For an inactive token it contains only "active": false
// (RFC 7662 §2.2).
func apiIntrospection(i oauth.Introspection) api.Introspection {
	if !i.Active {
		return api.Introspection{}
	}
	return api.Introspection{
		Active: true, TokenType: optional(i.TokenType), Username: optional(i.Username), Sub: optional(i.Subject),
		ClientId: optional(i.ClientID), Sid: optional(i.SessionID), Jti: optional(i.TokenID), Iss: optional(i.Issuer),
		Aud: optionalList(i.Audience), Scope: optional(scope.Join(i.Scopes)), Roles: optionalList(i.Roles),
		Iat: optional(i.IssuedAt.Unix()), Exp: optional(i.ExpiresAt.Unix()),
	}
}

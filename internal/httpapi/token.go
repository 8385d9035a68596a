package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const (
	noStore    = "no-store" // RFC 6749 §5.1
	noCache    = "no-cache"
	bearerType = "Bearer" // RFC 6750 §6.1.1
)

// IssueToken answers POST /token (RFC 6749 §4.3).
func (s *Server) IssueToken(ctx context.Context, r api.IssueTokenRequestObject) (api.IssueTokenResponseObject, error) {
	token, err := s.OAuth.Token(ctx, oauth.TokenRequest{
		GrantType: r.Body.GrantType,
		Username:  value(r.Body.Username),
		Password:  value(r.Body.Password),
		Scope:     value(r.Body.Scope),
		Client:    credentials(ctx),
		Caller:    caller(ctx),
	})
	if err != nil {
		return nil, err
	}
	return api.IssueToken200JSONResponse{
		Headers: api.IssueToken200ResponseHeaders{CacheControl: noStore, Pragma: noCache},
		Body: api.TokenResponse{
			AccessToken: token.AccessToken, TokenType: bearerType,
			ExpiresIn: int(token.ExpiresIn.Seconds()), Scope: token.Scope,
		},
	}, nil
}

// value gives what a pointer points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// optional gives a pointer, or nil for the zero value, which is then left out.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

package httpapi

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const (
	noStore    = "no-store" // Cache-Control of every response with a token (RFC 6749 §5.1)
	noCache    = "no-cache" // and Pragma
	bearerType = "Bearer"   // RFC 6750 §6.1.1
)

// passwordByDefault makes the password grant the default of tokenAlias: FastAPI's form does not require
// grant_type. POST /token does (RFC 6749 §4.3.2).
func passwordByDefault(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if form := c.Request().PostForm; form.Get("grant_type") == "" {
			form.Set("grant_type", oauth.GrantPassword)
		}
		return next(c)
	}
}

// IssueToken handles POST /token (RFC 6749 §4.3, §4.4, §6).
func (s *Server) IssueToken(ctx context.Context, r api.IssueTokenRequestObject) (api.IssueTokenResponseObject, error) {
	token, err := s.OAuth.Token(ctx, oauth.TokenRequest{
		GrantType:    r.Body.GrantType,
		Username:     value(r.Body.Username),
		Password:     value(r.Body.Password),
		RefreshToken: value(r.Body.RefreshToken),
		Scope:        value(r.Body.Scope),
		Client:       clientAuth(ctx),
		Caller:       caller(ctx),
	})
	if err != nil {
		return nil, err
	}
	return api.IssueToken200JSONResponse{
		Headers: api.IssueToken200ResponseHeaders{CacheControl: noStore, Pragma: noCache},
		Body: api.TokenResponse{
			AccessToken: token.AccessToken, TokenType: bearerType, ExpiresIn: seconds(token.ExpiresIn),
			RefreshToken:          optional(token.RefreshToken),
			RefreshTokenExpiresIn: optional(seconds(token.RefreshExpiresIn)),
			Scope:                 token.Scope,
		},
	}, nil
}

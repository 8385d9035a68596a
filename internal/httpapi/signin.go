package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Signin handles POST /api/auth/signin: the password grant in JSON, for the built-in client.
func (s *Server) Signin(ctx context.Context, r api.SigninRequestObject) (api.SigninResponseObject, error) {
	token, err := s.SignIn(ctx, r.Body.Username, r.Body.Password)
	if err != nil {
		return nil, err
	}
	return api.Signin200JSONResponse{
		Headers: api.Signin200ResponseHeaders{CacheControl: noStore, Pragma: noCache},
		Body: api.SigninResult{
			Token: token.AccessToken, TokenType: bearerType, ExpiresIn: seconds(token.ExpiresIn),
			RefreshToken: optional(token.RefreshToken),
		},
	}, nil
}

// SignIn gets tokens for the built-in client.
func (s *Server) SignIn(ctx context.Context, username, password string) (oauth.TokenResponse, error) {
	return s.PasswordGrant(ctx, oauth.TokenRequest{Username: username, Password: password})
}

// PasswordGrant is SignIn for a client and scopes that the request names.
func (s *Server) PasswordGrant(ctx context.Context, r oauth.TokenRequest) (oauth.TokenResponse, error) {
	r.Caller = caller(ctx)
	return s.OAuth.SignIn(ctx, r)
}

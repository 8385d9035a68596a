package pycharm

import (
	"context"

	api "github.com/latchkey-auth/latchkey/api/compat/pycharm"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Login handles POST /login.
func (s *server) Login(ctx context.Context, r api.LoginRequestObject) (api.LoginResponseObject, error) {
	if r.Body.GrantType != nil && *r.Body.GrantType != oauth.GrantPassword {
		return nil, fault.Errorf(oauth.UnsupportedGrantType, "this grant_type is not supported; use password")
	}
	request := oauth.TokenRequest{Username: r.Body.Username, Password: r.Body.Password, Client: httpapi.ClientOf(ctx)}
	if r.Body.Scope != nil {
		request.Scope = *r.Body.Scope
	}
	token, err := s.PasswordGrant(ctx, request)
	if err != nil {
		return nil, err
	}
	return api.Login200JSONResponse{AccessToken: token.AccessToken, TokenType: "bearer"}, nil
}

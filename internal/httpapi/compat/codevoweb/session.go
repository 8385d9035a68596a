package codevoweb

import (
	"context"

	api "github.com/latchkey-auth/latchkey/api/compat/codevoweb"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

// Login handles POST /api/auth/login.
func (s *server) Login(ctx context.Context, r api.LoginRequestObject) (api.LoginResponseObject, error) {
	token, err := s.SignIn(ctx, r.Body.Email, r.Body.Password)
	if err != nil {
		return nil, err
	}
	httpapi.CookiesOf(ctx).SetTokens(token)
	return api.Login200JSONResponse{Status: success, AccessToken: token.AccessToken}, nil
}

// Refresh handles GET /api/auth/refresh.
func (s *server) Refresh(ctx context.Context, _ api.RefreshRequestObject) (api.RefreshResponseObject, error) {
	token, err := s.RefreshCookies(ctx)
	if err != nil {
		return nil, err
	}
	return api.Refresh200JSONResponse{Status: success, AccessToken: token.AccessToken}, nil
}

// Logout handles GET /api/auth/logout.
func (s *server) Logout(ctx context.Context, _ api.LogoutRequestObject) (api.LogoutResponseObject, error) {
	return api.Logout200JSONResponse{Status: success}, s.EndCookies(ctx)
}

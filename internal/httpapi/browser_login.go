package httpapi

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Login handles POST /api/auth/login: it signs in a browser, with cookies instead of tokens.
func (s *Server) Login(ctx context.Context, r api.LoginRequestObject) (api.LoginResponseObject, error) {
	token, err := s.passwordGrant(ctx, r.Body.Username, r.Body.Password)
	if err != nil {
		return nil, err
	}
	cookiesOf(ctx).setTokens(token)
	return api.Login200JSONResponse(browserSession(token)), nil
}

// errSignInAgain is returned for a refresh without a cookie, and after the session has ended.
var errSignInAgain = fault.Errorf(oauth.TokenRequired, "the session has ended; sign in again")

// Refresh handles POST /api/auth/refresh: the refresh grant with the token of the cookie.
func (s *Server) Refresh(ctx context.Context, _ api.RefreshRequestObject) (api.RefreshResponseObject, error) {
	cookies := cookiesOf(ctx)
	if cookies.refresh == "" {
		return nil, errSignInAgain
	}
	token, err := s.OAuth.Token(ctx, oauth.TokenRequest{
		GrantType: oauth.GrantRefresh, RefreshToken: cookies.refresh, Caller: caller(ctx),
	})
	if errors.Is(err, oauth.ErrRefresh) {
		cookies.clear()
		return nil, errSignInAgain
	}
	if err != nil {
		return nil, err
	}
	cookies.setTokens(token)
	return api.Refresh200JSONResponse(browserSession(token)), nil
}

// Logout handles POST /api/auth/logout.
func (s *Server) Logout(ctx context.Context, _ api.LogoutRequestObject) (api.LogoutResponseObject, error) {
	cookies := cookiesOf(ctx)
	if err := s.OAuth.SignOut(ctx, cookies.refresh, cookies.access); err != nil {
		return nil, err
	}
	cookies.clear()
	return api.Logout204Response{}, nil
}

func browserSession(t oauth.TokenResponse) api.BrowserSession {
	return api.BrowserSession{ExpiresIn: seconds(t.ExpiresIn), RefreshExpiresIn: seconds(t.RefreshExpiresIn), Scope: t.Scope}
}

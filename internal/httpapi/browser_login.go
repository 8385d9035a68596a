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
	token, err := s.SignIn(ctx, r.Body.Username, r.Body.Password)
	if err != nil {
		return nil, err
	}
	CookiesOf(ctx).SetTokens(token)
	return api.Login200JSONResponse(browserSession(token)), nil
}

// errSignInAgain is returned for a refresh without a cookie, and after the session has ended.
var errSignInAgain = fault.Errorf(oauth.TokenRequired, "the session has ended; sign in again")

// Refresh handles POST /api/auth/refresh.
func (s *Server) Refresh(ctx context.Context, _ api.RefreshRequestObject) (api.RefreshResponseObject, error) {
	token, err := s.RefreshCookies(ctx)
	if err != nil {
		return nil, err
	}
	return api.Refresh200JSONResponse(browserSession(token)), nil
}

// RefreshCookies is the refresh grant with the token of the cookie. It sets the new cookies, or
// deletes them if the session has ended.
func (s *Server) RefreshCookies(ctx context.Context) (oauth.TokenResponse, error) {
	cookies := CookiesOf(ctx)
	if cookies.Refresh == "" {
		return oauth.TokenResponse{}, errSignInAgain
	}
	token, err := s.OAuth.Token(ctx, oauth.TokenRequest{
		GrantType: oauth.GrantRefresh, RefreshToken: cookies.Refresh, Caller: caller(ctx),
	})
	if errors.Is(err, oauth.ErrRefresh) {
		cookies.Clear()
		return oauth.TokenResponse{}, errSignInAgain
	}
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	cookies.SetTokens(token)
	return token, nil
}

// Logout handles POST /api/auth/logout.
func (s *Server) Logout(ctx context.Context, _ api.LogoutRequestObject) (api.LogoutResponseObject, error) {
	return api.Logout204Response{}, s.EndCookies(ctx)
}

// EndCookies ends the session of the cookies and deletes them.
func (s *Server) EndCookies(ctx context.Context) error {
	cookies := CookiesOf(ctx)
	if err := s.OAuth.SignOut(ctx, cookies.Refresh, cookies.Access); err != nil {
		return err
	}
	cookies.Clear()
	return nil
}

func browserSession(t oauth.TokenResponse) api.BrowserSession {
	return api.BrowserSession{ExpiresIn: seconds(t.ExpiresIn), RefreshExpiresIn: seconds(t.RefreshExpiresIn), Scope: t.Scope}
}

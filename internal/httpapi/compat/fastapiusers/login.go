package fastapiusers

import (
	"context"
	"errors"

	api "github.com/latchkey-auth/latchkey/api/compat/fastapiusers"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// JwtLogin handles POST /auth/jwt/login.
func (s *server) JwtLogin(ctx context.Context, r api.JwtLoginRequestObject) (api.JwtLoginResponseObject, error) {
	token, err := s.login(ctx, r.Body)
	if err != nil {
		return nil, err
	}
	return api.JwtLogin200JSONResponse{TokenJSONResponse: api.TokenJSONResponse{
		AccessToken: token.AccessToken, TokenType: "bearer",
	}}, nil
}

// CookieLogin handles POST /auth/cookie/login.
func (s *server) CookieLogin(ctx context.Context, r api.CookieLoginRequestObject) (api.CookieLoginResponseObject, error) {
	token, err := s.login(ctx, r.Body)
	if err != nil {
		return nil, err
	}
	httpapi.CookiesOf(ctx).SetTokens(token)
	return api.CookieLogin204Response{}, nil
}

// login is the password grant. FastAPI's OAuth2PasswordRequestForm does not require grant_type.
func (s *server) login(ctx context.Context, form *api.LoginForm) (oauth.TokenResponse, error) {
	missing := func(field string) error {
		return fault.Errorf(fault.InvalidRequest, "is required").At(field)
	}
	switch {
	case form.GrantType != nil && *form.GrantType != oauth.GrantPassword:
		return oauth.TokenResponse{}, fault.Errorf(fault.InvalidRequest, "must be password").At("/grant_type")
	case form.Username == "":
		return oauth.TokenResponse{}, missing("/username")
	case form.Password == "":
		return oauth.TokenResponse{}, missing("/password")
	}
	request := oauth.TokenRequest{Username: form.Username, Password: form.Password, Client: httpapi.ClientOf(ctx)}
	if form.Scope != nil {
		request.Scope = *form.Scope
	}
	return s.PasswordGrant(ctx, request)
}

// JwtLogout handles POST /auth/jwt/logout.
func (s *server) JwtLogout(ctx context.Context, _ api.JwtLogoutRequestObject) (api.JwtLogoutResponseObject, error) {
	return api.JwtLogout204Response{}, s.logout(ctx)
}

// CookieLogout handles POST /auth/cookie/logout.
func (s *server) CookieLogout(ctx context.Context, _ api.CookieLogoutRequestObject) (api.CookieLogoutResponseObject, error) {
	if err := s.logout(ctx); err != nil {
		return nil, err
	}
	httpapi.CookiesOf(ctx).Clear()
	return api.CookieLogout204Response{}, nil
}

// logout ends the session of the access token, if it has not ended meanwhile.
func (s *server) logout(ctx context.Context) error {
	p := httpapi.PrincipalOf(ctx)
	err := s.OAuth.EndSession(ctx, p.User.ID, p.Claims.SessionID)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	return err
}

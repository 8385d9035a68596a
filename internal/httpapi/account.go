package httpapi

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Signup answers POST /api/auth/signup.
func (s *Server) Signup(ctx context.Context, r api.SignupRequestObject) (api.SignupResponseObject, error) {
	user, err := s.Accounts.SignUp(ctx, account.NewUser{
		Username: r.Body.Username, Email: r.Body.Email, Password: r.Body.Password,
		Name: value(r.Body.Name), Picture: value(r.Body.Picture),
	}, caller(ctx).Address)
	if err != nil {
		return nil, err
	}
	return api.Signup201JSONResponse(apiUser(user)), nil
}

// Signin answers POST /api/auth/signin: the password grant in JSON, for the built-in client.
func (s *Server) Signin(ctx context.Context, r api.SigninRequestObject) (api.SigninResponseObject, error) {
	token, err := s.signIn(ctx, r.Body.Username, r.Body.Password)
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

// signIn is the password grant for the built-in client, with the errors of account endpoints.
func (s *Server) signIn(ctx context.Context, username, password string) (oauth.TokenResponse, error) {
	token, err := s.OAuth.Token(ctx, oauth.TokenRequest{
		GrantType: oauth.GrantPassword, Username: username, Password: password, Caller: caller(ctx),
	})
	if errors.Is(err, oauth.ErrWrongPassword) {
		err = account.ErrInvalidCredentials
	}
	return token, err
}

// GetOwnProfile answers GET /api/auth/users/me.
func (s *Server) GetOwnProfile(ctx context.Context, _ api.GetOwnProfileRequestObject) (api.GetOwnProfileResponseObject, error) {
	return api.GetOwnProfile200JSONResponse(apiUser(principal(ctx).User)), nil
}

// GetMe answers GET /api/users/me.
func (s *Server) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	return api.GetMe200JSONResponse(apiUser(principal(ctx).User)), nil
}

// apiUser is a user as the contract shows one, never with the hash.
func apiUser(u account.User) api.User {
	return api.User{
		Id: uuid.MustParse(u.ID), Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified,
		Active: u.Active, Name: optional(u.Name), Picture: optional(u.Picture), Roles: u.Roles,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

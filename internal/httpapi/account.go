package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
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
	return api.Signup201JSONResponse(s.apiUser(user)), nil
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
	switch {
	case errors.Is(err, account.ErrEmailUnverified):
		err = account.ErrEmailUnverified
	case errors.Is(err, oauth.ErrWrongPassword):
		err = account.ErrInvalidCredentials
	}
	return token, err
}

// GetOwnProfile answers GET /api/auth/users/me.
func (s *Server) GetOwnProfile(ctx context.Context, _ api.GetOwnProfileRequestObject) (api.GetOwnProfileResponseObject, error) {
	return api.GetOwnProfile200JSONResponse(s.apiUser(principal(ctx).User)), nil
}

// GetMe answers GET /api/users/me.
func (s *Server) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	return api.GetMe200JSONResponse(s.apiUser(principal(ctx).User)), nil
}

// apiUser is a user as the contract shows one, never with the hash.
func (s *Server) apiUser(u account.User) api.User {
	return api.User{
		Id: uuid.MustParse(u.ID), Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified,
		Active: u.ActiveAt(s.Now()), DisabledUntil: s.disabledUntil(u), Name: optional(u.Name), Picture: optional(u.Picture), Roles: u.Roles,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

// disabledUntil is left out of a user who may sign in, and of one who never may again.
func (s *Server) disabledUntil(u account.User) *time.Time {
	if u.DisabledUntil.IsZero() || u.ActiveAt(s.Now()) {
		return nil
	}
	return &u.DisabledUntil
}

// UpdateOwnProfile answers PATCH /api/auth/users/me.
func (s *Server) UpdateOwnProfile(ctx context.Context, r api.UpdateOwnProfileRequestObject) (api.UpdateOwnProfileResponseObject, error) {
	who := principal(ctx)
	user, err := s.Accounts.UpdateOwn(ctx, who.User, who.Claims.SessionID, caller(ctx).Address, account.OwnPatch{
		Name: r.Body.Name, Picture: r.Body.Picture, Email: r.Body.Email, Password: r.Body.Password,
		CurrentPassword: value(r.Body.CurrentPassword),
	})
	if err != nil {
		return nil, err
	}
	return api.UpdateOwnProfile200JSONResponse(s.apiUser(user)), nil
}

// DeleteOwnAccount answers DELETE /api/auth/users/me.
func (s *Server) DeleteOwnAccount(ctx context.Context, _ api.DeleteOwnAccountRequestObject) (api.DeleteOwnAccountResponseObject, error) {
	return api.DeleteOwnAccount204Response{}, s.Accounts.DeleteOwn(ctx, principal(ctx).User)
}

// ownEvents is how many audit events an export has at most.
const ownEvents = 1000

// ExportOwnData answers GET /api/auth/users/me/export.
func (s *Server) ExportOwnData(ctx context.Context, _ api.ExportOwnDataRequestObject) (api.ExportOwnDataResponseObject, error) {
	who := principal(ctx)
	sessions, err := s.OAuth.UserSessions(ctx, who.User.ID)
	if err != nil {
		return nil, err
	}
	events, _, err := s.Accounts.Events(ctx, audit.Query{UserID: who.User.ID, Limit: ownEvents})
	if err != nil {
		return nil, err
	}
	return api.ExportOwnData200JSONResponse{
		User: s.apiUser(who.User), Sessions: sessionList(sessions, who).Items, Events: apiEvents(events),
	}, nil
}

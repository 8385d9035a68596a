package codevoweb

import (
	"context"
	"slices"

	"github.com/google/uuid"

	api "github.com/latchkey-auth/latchkey/api/compat/codevoweb"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

var errPasswordsDiffer = fault.Errorf(fault.InvalidRequest, "Passwords do not match")

// Register handles POST /api/auth/register.
func (s *server) Register(ctx context.Context, r api.RegisterRequestObject) (api.RegisterResponseObject, error) {
	if r.Body.Password != r.Body.PasswordConfirm {
		return nil, errPasswordsDiffer
	}
	n := account.NewUser{
		Email: r.Body.Email, Password: r.Body.Password, Name: r.Body.Name,
	}
	if r.Body.Photo != nil {
		n.Picture = *r.Body.Photo
	}
	user, err := s.Accounts.SignUp(ctx, n, httpapi.CallerOf(ctx).Address)
	if err != nil {
		return nil, err
	}
	return api.Register201JSONResponse{
		Status: success, Message: "We sent an email to confirm the address", User: apiUser(user),
	}, nil
}

// GetMe handles GET /api/users/me.
func (s *server) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	user := httpapi.PrincipalOf(ctx).User
	own, main := apiUser(user), s.APIUser(user)
	return api.GetMe200JSONResponse{
		Status: success, User: own, Data: api.UserData{User: own},
		Id: main.Id, Username: main.Username, Email: main.Email, EmailVerified: main.EmailVerified, Active: main.Active,
		DisabledUntil: main.DisabledUntil, Name: main.Name, Picture: main.Picture, Roles: main.Roles,
		CreatedAt: main.CreatedAt, UpdatedAt: main.UpdatedAt,
	}, nil
}

// ForgotPassword handles POST /api/auth/forgotpassword.
func (s *server) ForgotPassword(ctx context.Context, r api.ForgotPasswordRequestObject) (api.ForgotPasswordResponseObject, error) {
	return api.ForgotPassword200JSONResponse(done("You will receive a reset email if user with that email exist")),
		s.Accounts.ForgotPassword(ctx, r.Body.Email, httpapi.CallerOf(ctx).Address)
}

// ResetPassword handles PATCH /api/auth/resetpassword/{code}.
func (s *server) ResetPassword(ctx context.Context, r api.ResetPasswordRequestObject) (api.ResetPasswordResponseObject, error) {
	if r.Body.Password != r.Body.PasswordConfirm {
		return nil, errPasswordsDiffer
	}
	return api.ResetPassword200JSONResponse(done("Password data updated successfully")),
		s.Accounts.ResetPassword(ctx, r.Code, r.Body.Password)
}

// VerifyEmail handles GET /api/auth/verifyemail/{code}.
func (s *server) VerifyEmail(ctx context.Context, r api.VerifyEmailRequestObject) (api.VerifyEmailResponseObject, error) {
	_, err := s.Accounts.VerifyEmail(ctx, r.Code)
	return api.VerifyEmail200JSONResponse(done("Account verified successfully")), err
}

// GetHealthMessage handles GET /api/healthchecker.
func (s *server) GetHealthMessage(context.Context, api.GetHealthMessageRequestObject) (api.GetHealthMessageResponseObject, error) {
	return api.GetHealthMessage200JSONResponse{Message: "Latchkey is running"}, nil
}

func done(message string) api.Success { return api.Success{Status: success, Message: &message} }

// apiUser returns a user as the contract describes it.
func apiUser(u account.User) api.User {
	id := uuid.MustParse(u.ID)
	return api.User{
		Id: id, MongoID: id, Name: u.Name, Email: u.Email, Photo: u.Picture, Role: role(u), Verified: u.EmailVerified,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, CreatedAtCamel: u.CreatedAt, UpdatedAtCamel: u.UpdatedAt,
	}
}

// role returns the most powerful role in the word of the tutorials.
func role(u account.User) string {
	switch {
	case slices.Contains(u.Roles, account.RoleAdmin):
		return "admin"
	case slices.Contains(u.Roles, account.RoleModerator):
		return "moderator"
	default:
		return "user"
	}
}

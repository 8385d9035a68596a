package fastapiusers

import (
	"context"
	"slices"

	"github.com/google/uuid"

	api "github.com/latchkey-auth/latchkey/api/compat/fastapiusers"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

// Register handles POST /auth/register. As in the library, the flags of the body are ignored.
func (s *server) Register(ctx context.Context, r api.RegisterRequestObject) (api.RegisterResponseObject, error) {
	user, err := s.Accounts.SignUp(ctx, account.NewUser{
		Email: r.Body.Email, Password: r.Body.Password,
	}, httpapi.CallerOf(ctx).Address)
	if err != nil {
		return nil, err
	}
	return api.Register201JSONResponse{UserJSONResponse: s.apiUser(user)}, nil
}

// GetMe handles GET /users/me.
func (s *server) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	return api.GetMe200JSONResponse{UserJSONResponse: s.apiUser(httpapi.PrincipalOf(ctx).User)}, nil
}

// UpdateMe handles PATCH /users/me. The front ends of the library send back the whole user, so an
// unchanged email address is no change.
func (s *server) UpdateMe(ctx context.Context, r api.UpdateMeRequestObject) (api.UpdateMeResponseObject, error) {
	user := httpapi.PrincipalOf(ctx).User
	patch := account.OwnPatch{Email: changed(r.Body.Email, user.Email), Password: r.Body.Password}
	if r.Body.CurrentPassword != nil {
		patch.CurrentPassword = *r.Body.CurrentPassword
	}
	if patch.Email != nil || patch.Password != nil {
		var err error
		if user, err = s.Accounts.UpdateOwn(ctx, user, httpapi.OriginOf(ctx), patch); err != nil {
			return nil, err
		}
	}
	return api.UpdateMe200JSONResponse{UserJSONResponse: s.apiUser(user)}, nil
}

// GetUser handles GET /users/{id}.
func (s *server) GetUser(ctx context.Context, r api.GetUserRequestObject) (api.GetUserResponseObject, error) {
	user, err := s.userByID(ctx, r.Id)
	if err != nil {
		return nil, err
	}
	return api.GetUser200JSONResponse{UserJSONResponse: s.apiUser(user)}, nil
}

// UpdateUser handles PATCH /users/{id}. The fields are stored before the role, because they are what is
// refused more often: an email address that is taken, a weak password.
func (s *server) UpdateUser(ctx context.Context, r api.UpdateUserRequestObject) (api.UpdateUserResponseObject, error) {
	by := httpapi.PrincipalOf(ctx)
	user, err := s.userByID(ctx, r.Id)
	if err != nil {
		return nil, err
	}
	superuser := changed(r.Body.IsSuperuser, isSuperuser(user))
	if superuser != nil {
		if err := by.Authorize([]string{"roles:write"}, nil); err != nil {
			return nil, err
		}
	}
	patch := account.AdminPatch{
		Email: changed(r.Body.Email, user.Email), Password: r.Body.Password,
		Active: changed(r.Body.IsActive, user.ActiveAt(s.Now())), EmailVerified: r.Body.IsVerified,
	}
	if patch.Email != nil && patch.EmailVerified == nil {
		patch.EmailVerified = new(bool)
	}
	if patch != (account.AdminPatch{}) {
		if user, err = s.Accounts.Update(ctx, by.Authority(), user.ID, patch); err != nil {
			return nil, err
		}
	}
	if superuser != nil {
		if user, err = s.setSuperuser(ctx, user.ID, *superuser); err != nil {
			return nil, err
		}
	}
	return api.UpdateUser200JSONResponse{UserJSONResponse: s.apiUser(user)}, nil
}

// setSuperuser grants or revokes ROLE_ADMIN and returns the user.
func (s *server) setSuperuser(ctx context.Context, id string, superuser bool) (account.User, error) {
	set := s.Accounts.Revoke
	if superuser {
		set = s.Accounts.Grant
	}
	if err := set(ctx, httpapi.PrincipalOf(ctx).Authority(), id, account.RoleAdmin); err != nil {
		return account.User{}, err
	}
	return s.Accounts.ByID(ctx, id)
}

// DeleteUser handles DELETE /users/{id}.
func (s *server) DeleteUser(ctx context.Context, r api.DeleteUserRequestObject) (api.DeleteUserResponseObject, error) {
	user, err := s.userByID(ctx, r.Id)
	if err != nil {
		return nil, err
	}
	return api.DeleteUser204Response{}, s.Accounts.Delete(ctx, httpapi.PrincipalOf(ctx).Authority(), user.ID)
}

// userByID returns a user. An id that is not a UUID is not found, as in the library.
func (s *server) userByID(ctx context.Context, id string) (account.User, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return account.User{}, fault.ErrNotFound
	}
	return s.Accounts.ByID(ctx, parsed.String())
}

// changed returns a new value, or nil if it is missing or what there is.
func changed[T comparable](value *T, current T) *T {
	if value == nil || *value == current {
		return nil
	}
	return value
}

func isSuperuser(u account.User) bool { return slices.Contains(u.Roles, account.RoleAdmin) }

// apiUser returns a user as the contract describes it.
func (s *server) apiUser(u account.User) api.UserJSONResponse {
	return api.UserJSONResponse{
		Id: uuid.MustParse(u.ID), Email: u.Email,
		IsActive: u.ActiveAt(s.Now()), IsSuperuser: isSuperuser(u), IsVerified: u.EmailVerified,
	}
}

package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
)

// ListUsers handles GET /api/users.
func (s *Server) ListUsers(ctx context.Context, r api.ListUsersRequestObject) (api.ListUsersResponseObject, error) {
	var after account.Position
	if err := readCursor(r.Params.Cursor, &after); err != nil {
		return nil, err
	}
	users, next, err := s.Accounts.List(ctx, account.Query{
		UsernameKey: value(r.Params.Username), EmailKey: value(r.Params.Email), Prefix: value(r.Params.Q),
		Role: value(r.Params.Role), Active: r.Params.Active, Verified: r.Params.Verified,
		After: after, Limit: pageSize(r.Params.Limit),
	})
	if err != nil {
		return nil, err
	}
	page := api.UserList{Items: make([]api.User, len(users)), NextCursor: writeCursor(next)}
	for i, u := range users {
		page.Items[i] = s.APIUser(u)
	}
	return api.ListUsers200JSONResponse(page), nil
}

// CreateUser handles POST /api/users.
func (s *Server) CreateUser(ctx context.Context, r api.CreateUserRequestObject) (api.CreateUserResponseObject, error) {
	user, err := s.Accounts.CreateAs(ctx, principal(ctx).Authority(), account.NewUser{
		Username: r.Body.Username, Email: r.Body.Email, EmailVerified: value(r.Body.EmailVerified),
		Password: value(r.Body.Password), Name: value(r.Body.Name), Picture: value(r.Body.Picture), Roles: value(r.Body.Roles),
	})
	if err != nil {
		return nil, err
	}
	return api.CreateUser201JSONResponse(s.APIUser(user)), nil
}

// GetUser handles GET /api/users/{id}.
func (s *Server) GetUser(ctx context.Context, r api.GetUserRequestObject) (api.GetUserResponseObject, error) {
	user, err := s.Accounts.ByID(ctx, r.Id.String())
	if err != nil {
		return nil, err
	}
	return api.GetUser200JSONResponse(s.APIUser(user)), nil
}

// UpdateUser handles PATCH /api/users/{id}.
func (s *Server) UpdateUser(ctx context.Context, r api.UpdateUserRequestObject) (api.UpdateUserResponseObject, error) {
	user, err := s.Accounts.Update(ctx, principal(ctx).Authority(), r.Id.String(), account.AdminPatch{
		Username: r.Body.Username, Email: r.Body.Email, EmailVerified: r.Body.EmailVerified, Password: r.Body.Password,
		Name: r.Body.Name, Picture: r.Body.Picture, Active: r.Body.Active, DisabledUntil: r.Body.DisabledUntil,
	})
	if err != nil {
		return nil, err
	}
	return api.UpdateUser200JSONResponse(s.APIUser(user)), nil
}

// DeleteUser handles DELETE /api/users/{id}.
func (s *Server) DeleteUser(ctx context.Context, r api.DeleteUserRequestObject) (api.DeleteUserResponseObject, error) {
	return api.DeleteUser204Response{}, s.Accounts.Delete(ctx, principal(ctx).Authority(), r.Id.String())
}

// ForcePasswordReset handles POST /api/users/{id}/force-reset.
func (s *Server) ForcePasswordReset(ctx context.Context, r api.ForcePasswordResetRequestObject) (api.ForcePasswordResetResponseObject, error) {
	return api.ForcePasswordReset202JSONResponse{}, s.Accounts.ForceReset(ctx, principal(ctx).Authority(), r.Id.String())
}

// GrantRole handles PUT /api/users/{id}/roles/{role}.
func (s *Server) GrantRole(ctx context.Context, r api.GrantRoleRequestObject) (api.GrantRoleResponseObject, error) {
	return api.GrantRole204Response{}, s.Accounts.Grant(ctx, principal(ctx).Authority(), r.Id.String(), r.Role)
}

// RevokeRole handles DELETE /api/users/{id}/roles/{role}.
func (s *Server) RevokeRole(ctx context.Context, r api.RevokeRoleRequestObject) (api.RevokeRoleResponseObject, error) {
	return api.RevokeRole204Response{}, s.Accounts.Revoke(ctx, principal(ctx).Authority(), r.Id.String(), r.Role)
}

// APIUser returns a user as the contract describes it, without the password hash. Profiles that share a route with the
// contract use it, too.
func (s *Server) APIUser(u account.User) api.User {
	return api.User{
		Id: uuid.MustParse(u.ID), Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified,
		Active: u.ActiveAt(s.Now()), DisabledUntil: s.disabledUntil(u), Name: optional(u.Name), Picture: optional(u.Picture), Roles: u.Roles,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

// disabledUntil returns when a disabled user becomes active again, or nil if the user is active or
// is disabled for good.
func (s *Server) disabledUntil(u account.User) *time.Time {
	if u.DisabledUntil.IsZero() || u.ActiveAt(s.Now()) {
		return nil
	}
	until := u.DisabledUntil // its address would put all of u on the heap, also for active users
	return &until
}

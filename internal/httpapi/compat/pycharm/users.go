package pycharm

import (
	"context"

	"github.com/google/uuid"

	api "github.com/latchkey-auth/latchkey/api/compat/pycharm"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

// The scopes that allow more than one's own account.
var (
	readUsers  = []string{"users:read"}
	writeUsers = []string{"users:write"}
)

// CreateUser handles POST /user/.
func (s *server) CreateUser(ctx context.Context, r api.CreateUserRequestObject) (api.CreateUserResponseObject, error) {
	user, err := s.Accounts.SignUp(ctx, account.NewUser{
		Email: r.Body.Email, Password: r.Body.Password, Name: r.Body.Name,
	}, httpapi.CallerOf(ctx).Address)
	if err != nil {
		return nil, err
	}
	return api.CreateUser201JSONResponse(apiUser(user)), nil
}

const (
	pageSize = 200  // users read at once
	maxUsers = 1000 // in one response
)

// ListUsers handles GET /user/.
func (s *server) ListUsers(ctx context.Context, _ api.ListUsersRequestObject) (api.ListUsersResponseObject, error) {
	p := httpapi.PrincipalOf(ctx)
	if p.Authorize(readUsers, nil) != nil {
		return api.ListUsers200JSONResponse{apiUser(p.User)}, nil
	}
	list := api.ListUsers200JSONResponse{}
	next := &account.Position{}
	for next != nil && len(list) < maxUsers {
		var users []account.User
		var err error
		users, next, err = s.Accounts.List(ctx, account.Query{After: *next, Limit: pageSize})
		if err != nil {
			return nil, err
		}
		for _, user := range users {
			list = append(list, apiUser(user))
		}
	}
	return list, nil
}

// GetUser handles GET /user/{id}.
func (s *server) GetUser(ctx context.Context, r api.GetUserRequestObject) (api.GetUserResponseObject, error) {
	p := httpapi.PrincipalOf(ctx)
	if r.Id.String() == p.User.ID {
		return api.GetUser200JSONResponse(apiUser(p.User)), nil
	}
	if err := p.Authorize(readUsers, nil); err != nil {
		return nil, err
	}
	user, err := s.Accounts.ByID(ctx, r.Id.String())
	if err != nil {
		return nil, err
	}
	return api.GetUser200JSONResponse(apiUser(user)), nil
}

// DeleteUser handles DELETE /user/{id}.
func (s *server) DeleteUser(ctx context.Context, r api.DeleteUserRequestObject) (api.DeleteUserResponseObject, error) {
	p := httpapi.PrincipalOf(ctx)
	err := p.Authorize(writeUsers, nil)
	switch {
	case err == nil:
		err = s.Accounts.Delete(ctx, p.Authority(), r.Id.String())
	case r.Id.String() == p.User.ID:
		var password string
		if r.Body != nil {
			password = r.Body.CurrentPassword
		}
		err = s.Accounts.DeleteOwn(ctx, p.User, httpapi.OriginOf(ctx), password)
	}
	return api.DeleteUser204Response{}, err
}

// apiUser returns a user as the contract describes it.
func apiUser(u account.User) api.User {
	name := u.Name
	if name == "" {
		name = u.Username
	}
	return api.User{Id: uuid.MustParse(u.ID), Name: name, Email: u.Email}
}

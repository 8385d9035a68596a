package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
)

// ListRoles handles GET /api/roles.
func (s *Server) ListRoles(ctx context.Context, _ api.ListRolesRequestObject) (api.ListRolesResponseObject, error) {
	roles, err := s.Accounts.Roles(ctx)
	list := api.RoleList{Items: []api.Role{}}
	for _, role := range roles {
		list.Items = append(list.Items, apiRole(role))
	}
	return api.ListRoles200JSONResponse(list), err
}

// GetRole handles GET /api/roles/{name}.
func (s *Server) GetRole(ctx context.Context, r api.GetRoleRequestObject) (api.GetRoleResponseObject, error) {
	role, err := s.Accounts.Role(ctx, r.Name)
	return api.GetRole200JSONResponse(apiRole(role)), err
}

// PutRole handles PUT /api/roles/{name}.
func (s *Server) PutRole(ctx context.Context, r api.PutRoleRequestObject) (api.PutRoleResponseObject, error) {
	role, err := s.Accounts.PutRole(ctx, principal(ctx).Authority(), r.Name, r.Body.Scopes)
	return api.PutRole200JSONResponse(apiRole(role)), err
}

// DeleteRole handles DELETE /api/roles/{name}.
func (s *Server) DeleteRole(ctx context.Context, r api.DeleteRoleRequestObject) (api.DeleteRoleResponseObject, error) {
	return api.DeleteRole204Response{}, s.Accounts.DeleteRole(ctx, principal(ctx).Authority(), r.Name)
}

func apiRole(r account.Role) api.Role {
	return api.Role{Name: r.Name, Scopes: nonNil(r.Scopes), Builtin: r.Builtin}
}

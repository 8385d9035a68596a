package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
)

// GetPublicContent handles GET /api/test/all.
func (s *Server) GetPublicContent(context.Context, api.GetPublicContentRequestObject) (api.GetPublicContentResponseObject, error) {
	return api.GetPublicContent200JSONResponse("public content"), nil
}

// GetUserContent handles GET /api/test/user. The contract names the roles that may call it.
func (s *Server) GetUserContent(context.Context, api.GetUserContentRequestObject) (api.GetUserContentResponseObject, error) {
	return api.GetUserContent200JSONResponse("user content"), nil
}

// GetModeratorContent handles GET /api/test/mod.
func (s *Server) GetModeratorContent(context.Context, api.GetModeratorContentRequestObject) (api.GetModeratorContentResponseObject, error) {
	return api.GetModeratorContent200JSONResponse("moderator content"), nil
}

// GetAdminContent handles GET /api/test/admin.
func (s *Server) GetAdminContent(context.Context, api.GetAdminContentRequestObject) (api.GetAdminContentResponseObject, error) {
	return api.GetAdminContent200JSONResponse("admin content"), nil
}

// GetProfileContent handles GET /api/test/profile.
func (s *Server) GetProfileContent(ctx context.Context, _ api.GetProfileContentRequestObject) (api.GetProfileContentResponseObject, error) {
	return api.GetProfileContent200JSONResponse(s.APIUser(principal(ctx).User)), nil
}

// ListOwnItems handles GET /api/auth/users/me/items.
func (s *Server) ListOwnItems(ctx context.Context, _ api.ListOwnItemsRequestObject) (api.ListOwnItemsResponseObject, error) {
	return api.ListOwnItems200JSONResponse{{ItemId: "Foo", Owner: principal(ctx).User.Username}}, nil
}

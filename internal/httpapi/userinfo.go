package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

// GetUserinfo handles GET /userinfo (OpenID Connect Core §5.3).
func (s *Server) GetUserinfo(ctx context.Context, _ api.GetUserinfoRequestObject) (api.GetUserinfoResponseObject, error) {
	return api.GetUserinfo200JSONResponse(userinfo(principal(ctx))), nil
}

// PostUserinfo handles POST /userinfo.
func (s *Server) PostUserinfo(ctx context.Context, _ api.PostUserinfoRequestObject) (api.PostUserinfoResponseObject, error) {
	return api.PostUserinfo200JSONResponse(userinfo(principal(ctx))), nil
}

func userinfo(p oauth.Principal) api.Userinfo {
	return api.Userinfo{
		Sub: p.Claims.Subject, PreferredUsername: p.User.Username, Email: p.User.Email, EmailVerified: p.User.EmailVerified,
		Name: optional(p.User.Name), Picture: optional(p.User.Picture), Roles: p.User.Roles,
		Scope: scope.Join(p.Claims.Scopes),
	}
}

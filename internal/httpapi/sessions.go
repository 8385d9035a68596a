package httpapi

import (
	"context"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// ListOwnSessions handles GET /api/auth/users/me/sessions.
func (s *Server) ListOwnSessions(ctx context.Context, _ api.ListOwnSessionsRequestObject) (api.ListOwnSessionsResponseObject, error) {
	p := principal(ctx)
	sessions, err := s.OAuth.UserSessions(ctx, p.User.ID)
	return api.ListOwnSessions200JSONResponse(apiSessions(sessions, p)), err
}

// EndOwnSession handles DELETE /api/auth/users/me/sessions/{id}.
func (s *Server) EndOwnSession(ctx context.Context, r api.EndOwnSessionRequestObject) (api.EndOwnSessionResponseObject, error) {
	err := s.OAuth.EndSession(ctx, principal(ctx).User.ID, r.Id.String())
	return api.EndOwnSession204Response{}, err
}

// EndOwnSessions handles DELETE /api/auth/users/me/sessions.
func (s *Server) EndOwnSessions(ctx context.Context, r api.EndOwnSessionsRequestObject) (api.EndOwnSessionsResponseObject, error) {
	p := principal(ctx)
	except := p.Claims.SessionID
	if value(r.Params.IncludeCurrent) {
		except = ""
	}
	err := s.OAuth.EndSessions(ctx, p.User.ID, except, oauth.EndedByUser)
	return api.EndOwnSessions204Response{}, err
}

// ListUserSessions handles GET /api/users/{id}/sessions.
func (s *Server) ListUserSessions(ctx context.Context, r api.ListUserSessionsRequestObject) (api.ListUserSessionsResponseObject, error) {
	user, err := s.Accounts.ByID(ctx, r.Id.String())
	if err != nil {
		return nil, err
	}
	sessions, err := s.OAuth.UserSessions(ctx, user.ID)
	return api.ListUserSessions200JSONResponse(apiSessions(sessions, principal(ctx))), err
}

// EndUserSessions handles DELETE /api/users/{id}/sessions.
func (s *Server) EndUserSessions(ctx context.Context, r api.EndUserSessionsRequestObject) (api.EndUserSessionsResponseObject, error) {
	user, err := s.Accounts.Managed(ctx, principal(ctx).Authority(), r.Id.String())
	if err != nil {
		return nil, err
	}
	err = s.OAuth.EndSessions(ctx, user.ID, "", oauth.EndedByAdmin)
	return api.EndUserSessions204Response{}, err
}

// apiSessions returns sessions as the contract describes them. The session of the principal's own
// token is the current one.
func apiSessions(sessions []oauth.Session, p oauth.Principal) api.SessionList {
	list := api.SessionList{Items: []api.Session{}}
	for _, one := range sessions {
		list.Items = append(list.Items, api.Session{
			Id: uuid.MustParse(one.ID), ClientId: one.ClientID, Address: one.Address, UserAgent: one.UserAgent,
			CreatedAt: one.CreatedAt, LastUsedAt: one.LastUsedAt, ExpiresAt: one.Expires(),
			Current: one.ID == p.Claims.SessionID,
		})
	}
	return list
}

package httpapi

import (
	"context"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// ListOwnSessions answers GET /api/auth/users/me/sessions.
func (s *Server) ListOwnSessions(ctx context.Context, _ api.ListOwnSessionsRequestObject) (api.ListOwnSessionsResponseObject, error) {
	who := principal(ctx)
	sessions, err := s.OAuth.UserSessions(ctx, who.User.ID)
	return api.ListOwnSessions200JSONResponse(sessionList(sessions, who)), err
}

// EndOwnSession answers DELETE /api/auth/users/me/sessions/{id}.
func (s *Server) EndOwnSession(ctx context.Context, r api.EndOwnSessionRequestObject) (api.EndOwnSessionResponseObject, error) {
	err := s.OAuth.EndSession(ctx, principal(ctx).User.ID, r.Id.String())
	return api.EndOwnSession204Response{}, err
}

// EndOwnSessions answers DELETE /api/auth/users/me/sessions.
func (s *Server) EndOwnSessions(ctx context.Context, r api.EndOwnSessionsRequestObject) (api.EndOwnSessionsResponseObject, error) {
	who := principal(ctx)
	except := who.Claims.SessionID
	if value(r.Params.IncludeCurrent) {
		except = ""
	}
	err := s.OAuth.EndSessions(ctx, who.User.ID, except, oauth.EndedByUser)
	return api.EndOwnSessions204Response{}, err
}

// ListUserSessions answers GET /api/users/{id}/sessions.
func (s *Server) ListUserSessions(ctx context.Context, r api.ListUserSessionsRequestObject) (api.ListUserSessionsResponseObject, error) {
	user, err := s.Accounts.ByID(ctx, r.Id.String())
	if err != nil {
		return nil, err
	}
	sessions, err := s.OAuth.UserSessions(ctx, user.ID)
	return api.ListUserSessions200JSONResponse(sessionList(sessions, principal(ctx))), err
}

// EndUserSessions answers DELETE /api/users/{id}/sessions.
func (s *Server) EndUserSessions(ctx context.Context, r api.EndUserSessionsRequestObject) (api.EndUserSessionsResponseObject, error) {
	user, err := s.Accounts.ByID(ctx, r.Id.String())
	if err != nil {
		return nil, err
	}
	err = s.OAuth.EndSessions(ctx, user.ID, "", oauth.EndedByAdmin)
	return api.EndUserSessions204Response{}, err
}

func sessionList(sessions []oauth.Session, who oauth.Principal) api.SessionList {
	list := api.SessionList{Items: []api.Session{}}
	for _, one := range sessions {
		list.Items = append(list.Items, api.Session{
			Id: uuid.MustParse(one.ID), ClientId: one.ClientID, Address: one.Address, UserAgent: one.UserAgent,
			CreatedAt: one.CreatedAt, LastUsedAt: one.LastUsedAt, ExpiresAt: one.Expires(),
			Current: one.ID == who.Claims.SessionID,
		})
	}
	return list
}

package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// GetOwnProfile handles GET /api/auth/users/me.
func (s *Server) GetOwnProfile(ctx context.Context, _ api.GetOwnProfileRequestObject) (api.GetOwnProfileResponseObject, error) {
	return profileResponse(s.APIUser(principal(ctx).User)), nil
}

// GetMe handles GET /api/users/me.
func (s *Server) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	return profileResponse(s.APIUser(principal(ctx).User)), nil
}

// UpdateOwnProfile handles PATCH /api/auth/users/me.
func (s *Server) UpdateOwnProfile(ctx context.Context, r api.UpdateOwnProfileRequestObject) (api.UpdateOwnProfileResponseObject, error) {
	p := principal(ctx)
	user, err := s.Accounts.UpdateOwn(ctx, p.User, origin(ctx), account.OwnPatch{
		Username: r.Body.Username, Name: r.Body.Name, Picture: r.Body.Picture, Email: r.Body.Email, Password: r.Body.Password,
		CurrentPassword: value(r.Body.CurrentPassword),
	})
	if err != nil {
		return nil, err
	}
	if r.Body.Password != nil && caller(ctx).Device != "" { // the new password has ended the hint
		CookiesOf(ctx).setDevice(s.Accounts.DeviceHint(user))
	}
	return api.UpdateOwnProfile200JSONResponse(s.APIUser(user)), nil
}

// DeleteOwnAccount handles DELETE /api/auth/users/me.
func (s *Server) DeleteOwnAccount(ctx context.Context, r api.DeleteOwnAccountRequestObject) (api.DeleteOwnAccountResponseObject, error) {
	return api.DeleteOwnAccount204Response{}, s.Accounts.DeleteOwn(ctx, principal(ctx).User, origin(ctx), r.Body.CurrentPassword)
}

// origin returns where the signed-in user acts from.
func origin(ctx context.Context) account.Origin {
	claims, from := principal(ctx).Claims, caller(ctx)
	return account.Origin{SessionID: claims.SessionID, ClientID: claims.ClientID, Address: from.Address, Device: from.Device}
}

const maxExportedEvents = 1000 // the newest ones

// ExportOwnData handles GET /api/auth/users/me/export.
func (s *Server) ExportOwnData(ctx context.Context, _ api.ExportOwnDataRequestObject) (api.ExportOwnDataResponseObject, error) {
	p := principal(ctx)
	sessions, err := s.OAuth.UserSessions(ctx, p.User.ID)
	if err != nil {
		return nil, err
	}
	events, _, err := s.Audit.Page(ctx, audit.Query{UserID: p.User.ID, Limit: maxExportedEvents})
	if err != nil {
		return nil, err
	}
	return api.ExportOwnData200JSONResponse{
		User: s.APIUser(p.User), Sessions: apiSessions(sessions, p).Items, Events: apiEvents(events),
	}, nil
}

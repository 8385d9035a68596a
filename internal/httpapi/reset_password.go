package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
)

// ForgotPassword handles POST /api/auth/forgot-password.
func (s *Server) ForgotPassword(ctx context.Context, r api.ForgotPasswordRequestObject) (api.ForgotPasswordResponseObject, error) {
	return api.ForgotPassword202JSONResponse{}, s.Accounts.ForgotPassword(ctx, r.Body.Email, caller(ctx).Address)
}

// ResetPassword handles POST /api/auth/reset-password.
func (s *Server) ResetPassword(ctx context.Context, r api.ResetPasswordRequestObject) (api.ResetPasswordResponseObject, error) {
	return api.ResetPassword200JSONResponse{}, s.Accounts.ResetPassword(ctx, r.Body.Token, r.Body.Password)
}

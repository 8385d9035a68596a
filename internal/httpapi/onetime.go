package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
)

// VerifyEmail answers POST /api/auth/verify-email.
func (s *Server) VerifyEmail(ctx context.Context, r api.VerifyEmailRequestObject) (api.VerifyEmailResponseObject, error) {
	return api.VerifyEmail200JSONResponse{}, s.Accounts.VerifyEmail(ctx, r.Body.Token)
}

// RequestVerification answers POST /api/auth/verify-email/request.
func (s *Server) RequestVerification(ctx context.Context, r api.RequestVerificationRequestObject) (api.RequestVerificationResponseObject, error) {
	return api.RequestVerification202JSONResponse{}, s.Accounts.RequestVerification(ctx, r.Body.Email, caller(ctx).Address)
}

// ForgotPassword answers POST /api/auth/forgot-password.
func (s *Server) ForgotPassword(ctx context.Context, r api.ForgotPasswordRequestObject) (api.ForgotPasswordResponseObject, error) {
	return api.ForgotPassword202JSONResponse{}, s.Accounts.ForgotPassword(ctx, r.Body.Email, caller(ctx).Address)
}

// ResetPassword answers POST /api/auth/reset-password.
func (s *Server) ResetPassword(ctx context.Context, r api.ResetPasswordRequestObject) (api.ResetPasswordResponseObject, error) {
	return api.ResetPassword200JSONResponse{}, s.Accounts.ResetPassword(ctx, r.Body.Token, r.Body.Password)
}

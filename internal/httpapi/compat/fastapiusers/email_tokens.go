package fastapiusers

import (
	"context"

	api "github.com/latchkey-auth/latchkey/api/compat/fastapiusers"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

// ForgotPassword handles POST /auth/forgot-password.
func (s *server) ForgotPassword(ctx context.Context, r api.ForgotPasswordRequestObject) (api.ForgotPasswordResponseObject, error) {
	return api.ForgotPassword202JSONResponse(nil), s.Accounts.ForgotPassword(ctx, r.Body.Email, httpapi.CallerOf(ctx).Address)
}

// ResetPassword handles POST /auth/reset-password.
func (s *server) ResetPassword(ctx context.Context, r api.ResetPasswordRequestObject) (api.ResetPasswordResponseObject, error) {
	return api.ResetPassword200JSONResponse(nil), s.Accounts.ResetPassword(ctx, r.Body.Token, r.Body.Password)
}

// RequestVerifyToken handles POST /auth/request-verify-token.
func (s *server) RequestVerifyToken(ctx context.Context, r api.RequestVerifyTokenRequestObject) (api.RequestVerifyTokenResponseObject, error) {
	return api.RequestVerifyToken202JSONResponse(nil), s.Accounts.RequestVerification(ctx, r.Body.Email, httpapi.CallerOf(ctx).Address)
}

// Verify handles POST /auth/verify.
func (s *server) Verify(ctx context.Context, r api.VerifyRequestObject) (api.VerifyResponseObject, error) {
	user, err := s.Accounts.VerifyEmail(ctx, r.Body.Token)
	if err != nil {
		return nil, err
	}
	return api.Verify200JSONResponse{UserJSONResponse: s.apiUser(user)}, nil
}

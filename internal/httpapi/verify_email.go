package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
)

// VerifyEmail handles POST /api/auth/verify-email.
func (s *Server) VerifyEmail(ctx context.Context, r api.VerifyEmailRequestObject) (api.VerifyEmailResponseObject, error) {
	_, err := s.Accounts.VerifyEmail(ctx, r.Body.Token)
	return api.VerifyEmail200JSONResponse{}, err
}

// RequestVerification handles POST /api/auth/verify-email/request.
func (s *Server) RequestVerification(ctx context.Context, r api.RequestVerificationRequestObject) (api.RequestVerificationResponseObject, error) {
	return api.RequestVerification202JSONResponse{}, s.Accounts.RequestVerification(ctx, r.Body.Email, caller(ctx).Address)
}

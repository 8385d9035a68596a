package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
)

// Signup handles POST /api/auth/signup.
func (s *Server) Signup(ctx context.Context, r api.SignupRequestObject) (api.SignupResponseObject, error) {
	user, err := s.Accounts.SignUp(ctx, account.NewUser{
		Username: value(r.Body.Username), Email: r.Body.Email, Password: r.Body.Password,
		Name: value(r.Body.Name), Picture: value(r.Body.Picture),
	}, caller(ctx).Address)
	if err != nil {
		return nil, err
	}
	return api.Signup201JSONResponse(s.APIUser(user)), nil
}

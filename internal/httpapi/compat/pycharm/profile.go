// Package pycharm serves the profile pycharm: the routes of the FastAPI e-commerce series of PyCharm.
// It translates between the contract api/compat/pycharm.yaml and the domain, and decides nothing.
//
// profile.go has the routes and the errors, login.go and users.go the operations.
package pycharm

import (
	"net/http"

	api "github.com/latchkey-auth/latchkey/api/compat/pycharm"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Profile returns the profile for httpapi.Options.
func Profile() httpapi.Profile {
	return httpapi.Profile{
		Name:     "pycharm",
		Contract: api.GetSpecJSON,
		Register: func(s *httpapi.Server, r *httpapi.Router) {
			api.RegisterHandlers(r, api.NewStrictHandler(&server{s}, nil))
		},
		Failure: failure,
	}
}

// server implements the operations of the contract.
type server struct{ *httpapi.Server }

var _ api.StrictServerInterface = (*server)(nil)

// failure returns an error in the format of FastAPI, with the statuses and texts of the series.
func failure(f httpapi.Failure) (status int, body any) {
	respond := func(status int, text string) (int, any) { return status, api.Error{Detail: text} }
	switch f.Err.Code {
	case account.InvalidCredentials:
		return respond(http.StatusBadRequest, "Invalid Credentials")
	case account.EmailTaken:
		return respond(http.StatusBadRequest, "The user with this email already exists in the system.")
	case oauth.TokenRequired:
		return respond(f.Status, "Not authenticated")
	case oauth.InvalidToken:
		return respond(f.Status, "Could not validate credentials")
	case fault.InvalidRequest:
		return http.StatusUnprocessableEntity, api.Error{Detail: f.FastAPIDetail()}
	default:
		return respond(f.Status, f.Err.Text)
	}
}

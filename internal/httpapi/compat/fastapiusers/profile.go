// Package fastapiusers serves the profile fastapi-users: the routes of the Python library of that name.
// It translates between the contract api/compat/fastapi-users.yaml and the domain, and decides nothing.
//
// profile.go has the routes, errors.go the errors, login.go signing in and out, email_tokens.go what is
// done with emailed tokens, and users.go the accounts.
package fastapiusers

import (
	"net/http"

	api "github.com/latchkey-auth/latchkey/api/compat/fastapiusers"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

// Profile returns the profile for httpapi.Options.
func Profile() httpapi.Profile {
	return httpapi.Profile{
		Name:     "fastapi-users",
		Contract: api.GetSpecJSON,
		Register: func(s *httpapi.Server, r *httpapi.Router) {
			api.RegisterHandlers(r, api.NewStrictHandler(&server{s}, nil))
		},
		Failure: failure,
		Cookies: httpapi.CookieStyle{Access: "fastapiusersauth", SameSite: http.SameSiteLaxMode},
	}
}

// server implements the operations of the contract.
type server struct{ *httpapi.Server }

var _ api.StrictServerInterface = (*server)(nil)

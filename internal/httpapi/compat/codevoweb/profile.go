// Package codevoweb serves the profile codevoweb: the routes of the CodevoWeb tutorials for FastAPI. It
// translates between the contract api/compat/codevoweb.yaml and the domain, and decides nothing.
//
// profile.go has the routes and the cookies, failure.go the errors, session.go signing in and out,
// account.go the account.
package codevoweb

import (
	"net/http"

	api "github.com/latchkey-auth/latchkey/api/compat/codevoweb"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

// Profile returns the profile for httpapi.Options.
func Profile() httpapi.Profile {
	return httpapi.Profile{
		Name:     "codevoweb",
		Contract: api.GetSpecJSON,
		Register: func(s *httpapi.Server, r *httpapi.Router) {
			api.RegisterHandlers(r, api.NewStrictHandler(&server{s}, nil))
		},
		Failure: failure,
		Cookies: httpapi.CookieStyle{
			Access: "access_token", Refresh: "refresh_token", LoggedIn: "logged_in", Value: "True", SameSite: http.SameSiteLaxMode,
		},
	}
}

const success = "success" // the status of every success

// server implements the operations of the contract.
type server struct{ *httpapi.Server }

var _ api.StrictServerInterface = (*server)(nil)

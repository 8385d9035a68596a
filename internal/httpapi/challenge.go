package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// challenge returns the WWW-Authenticate header of an error, or "". Only a 401 and insufficient_scope
// have one: some clients treat the header on a 400 as a failed authentication.
func (s *Server) challenge(err *fault.Error, r *http.Request) string {
	switch err.Code {
	case oauth.TokenRequired, account.InvalidCredentials:
		return s.bearerChallenge()
	case oauth.InvalidToken, fault.InsufficientScope:
		return s.bearerChallenge("error", string(err.Code), "error_description", err.Text, "scope", err.Scope)
	case oauth.InvalidClient:
		return s.clientChallenge(r)
	default:
		return ""
	}
}

// bearerChallenge returns a header of RFC 6750 §3 from names and values. Empty values are left out.
func (s *Server) bearerChallenge(attributes ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `Bearer realm="%s"`, s.Issuer)
	for i := 0; i < len(attributes); i += 2 {
		if attributes[i+1] != "" {
			fmt.Fprintf(&b, `, %s="%s"`, attributes[i], attributes[i+1])
		}
	}
	return b.String()
}

// clientChallenge returns the header for a client that is not authenticated (RFC 6749 §5.2). A
// script in a browser gets none, because the browser would open its own password dialog; nor does a client
// that has named itself in the body, because some libraries read the header instead of the error. Only
// the OAuth endpoints accept HTTP Basic (RFC 7617 §2).
func (s *Server) clientChallenge(r *http.Request) string {
	switch {
	case !isOAuthPath(r.URL.Path):
		return s.bearerChallenge()
	case r.Header.Get(echo.HeaderXRequestedWith) == "XMLHttpRequest":
		return ""
	case r.Header.Get(echo.HeaderAuthorization) == "" && r.PostForm.Get("client_id") != "":
		return ""
	default:
		return fmt.Sprintf(`Basic realm="%s", charset="UTF-8"`, s.Issuer)
	}
}

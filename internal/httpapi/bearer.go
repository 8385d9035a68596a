package httpapi

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

var errTokenRequired = fault.Errorf(oauth.TokenRequired, "an access token is required; send it in the Authorization header")

// bearerToken returns the token of an Authorization header of RFC 6750 §2.1, which is empty if there is only the
// scheme, and whether it has that form. The scheme is case-insensitive (RFC 9110 §11.1).
func bearerToken(header string) (token string, ok bool) {
	const scheme = "bearer"
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	rest := header[len(scheme):]
	token = strings.TrimLeft(rest, " ")
	if rest != "" && token == rest || strings.Contains(token, "\n") {
		return "", false
	}
	return token, true
}

// accessToken returns the access token of the Authorization header, or else of the cookie that
// Login has set. A token in the URL is never accepted, because URLs are logged (RFC 9700 §4.3.2).
func (s *Server) accessToken(c echo.Context) (string, error) {
	request := c.Request()
	headers := request.Header.Values(echo.HeaderAuthorization)
	if len(headers) > 1 || len(headers) == 1 && request.URL.Query().Has("access_token") {
		return "", s.errTwoTokens(c)
	}
	if len(headers) == 0 {
		return s.cookieToken(c)
	}
	token, ok := bearerToken(headers[0])
	switch {
	case !ok:
		return "", errTokenRequired
	case token == "":
		return "", oauth.ErrInvalidToken
	}
	return token, nil
}

// cookieToken returns the access token of the cookie. A browser attaches cookies to requests of
// other sites as well, so the request must also pass checkOrigin.
func (s *Server) cookieToken(c echo.Context) (string, error) {
	access := CookiesOf(c.Request().Context()).Access
	if access == "" {
		return "", errTokenRequired
	}
	return access, s.checkOrigin(c.Request())
}

// errTwoTokens returns the error for a request with more than one access token (RFC 6750 §2), and
// sets its challenge.
func (s *Server) errTwoTokens(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, s.bearerChallenge(
		"error", "invalid_request", "error_description", "more than one access token"))
	return fault.Errorf(fault.InvalidRequest, "send only one access token, in the Authorization header")
}

const maxFormToken = 64 << 10 // bytes of the body that are searched for a token

// hasFormToken reports whether the body is a form that contains an access token (RFC 6750 §2.2).
// Call it only for authenticated requests: it reads the body, which no operation without a JSON
// body reads afterwards.
func hasFormToken(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || mediaType != formType {
		return false
	}
	raw, _ := io.ReadAll(io.LimitReader(r.Body, maxFormToken)) // a truncated body is searched, too
	form, _ := url.ParseQuery(string(raw))                     // and so are the valid parts of a form
	return form.Has("access_token")
}

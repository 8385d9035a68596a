package httpapi

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type principalKey struct{}

// principal gives who makes the request. The guard has put it there: without one it is the
// programmer's fault.
func principal(ctx context.Context) oauth.Principal {
	return ctx.Value(principalKey{}).(oauth.Principal) //nolint:forcetypeassert // guarded operations alone ask
}

// guard enforces what the contract demands of an operation, before its body is read.
func (s *Server) guard(all operations) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			op := all.of(c)
			if !op.guarded {
				return next(c)
			}
			token, err := s.bearerToken(c)
			if err != nil {
				return err
			}
			who, err := s.OAuth.Principal(c.Request().Context(), token)
			if err != nil {
				return err
			}
			if err := who.Authorize(op.scopes, op.roles); err != nil {
				return err
			}
			if op.body == nil && hasFormToken(c.Request()) {
				return s.errTwoTokens(c)
			}
			putContext(c, principalKey{}, who)
			actor := audit.By(c.Request().Context())
			actor.Name, actor.ID, actor.ClientID = who.Name(), who.User.ID, who.Claims.ClientID
			actAs(c, actor)
			return next(c)
		}
	}
}

// bearer is the credentials of RFC 6750 §2.1; the scheme is case-insensitive (RFC 9110 §11.1).
var bearer = regexp.MustCompile(`^(?i:bearer)(?: +(.*))?$`)

// bearerToken gives the token of the Authorization header, or of the cookie that signing in as a
// page set. No other place is looked at: a token in the URL ends up in logs (RFC 9700 §4.3.2).
func (s *Server) bearerToken(c echo.Context) (string, error) {
	request := c.Request()
	headers := request.Header.Values(echo.HeaderAuthorization)
	if len(headers) > 1 || len(headers) == 1 && request.URL.Query().Has("access_token") {
		return "", s.errTwoTokens(c)
	}
	if len(headers) == 0 {
		return s.cookieToken(c)
	}
	match := bearer.FindStringSubmatch(headers[0])
	switch {
	case match == nil:
		return "", errTokenRequired
	case match[1] == "":
		return "", oauth.ErrInvalidToken
	}
	return match[1], nil
}

// errTwoTokens refuses a second token, wherever it stands (RFC 6750 §2).
func (s *Server) errTwoTokens(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, s.bearerChallenge(
		"error", "invalid_request", "error_description", "more than one access token"))
	return account.Errorf(oauth.InvalidRequest, "send one access token, in one Authorization header")
}

// hasFormToken says whether a form has a token too (RFC 6750 §2.2). The caller is known by then: a
// body of nobody's is never read.
func hasFormToken(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || mediaType != formType {
		return false
	}
	raw, _ := io.ReadAll(io.LimitReader(r.Body, maxFormToken)) // nobody else reads it
	form, _ := url.ParseQuery(string(raw))                     // what can be read of it
	return form.Has("access_token")
}

const maxFormToken = 64 << 10 // bytes that are searched

var errTokenRequired = account.Errorf(oauth.TokenRequired, "this needs an access token in the Authorization header")

// demoRoutes hides the example operations where they are switched off.
func (s *Server) demoRoutes(all operations) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if all.of(c).example && !s.DemoRoutes {
				return echo.NewHTTPError(http.StatusNotFound)
			}
			return next(c)
		}
	}
}

// putContext puts a value into the request's context under a private key.
func putContext(c echo.Context, key, value any) {
	request := c.Request()
	c.SetRequest(request.WithContext(context.WithValue(request.Context(), key, value)))
}

package httpapi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Codes that only HTTP knows.
const (
	methodNotAllowed     = account.Code("method_not_allowed")
	bodyTooLarge         = account.Code("body_too_large")
	unsupportedMediaType = account.Code("unsupported_media_type")
	crossOrigin          = account.Code("cross_origin")
	serverError          = account.Code("server_error")
)

// status gives the HTTP status of a code. It is the only place that knows; what is not foreseen
// here is a fault of ours.
func status(code account.Code) int {
	switch code {
	case account.InvalidRequest, oauth.InvalidGrant, oauth.InvalidScope, oauth.UnauthorizedClient, oauth.UnsupportedGrantType:
		return http.StatusBadRequest
	case oauth.InvalidClient, oauth.InvalidToken, oauth.TokenRequired, account.InvalidCredentials:
		return http.StatusUnauthorized
	case oauth.InsufficientScope, account.SignupClosed, crossOrigin,
		account.WrongPassword, account.EmailUnverified:
		return http.StatusForbidden
	case account.NotFound, account.UnknownRole:
		return http.StatusNotFound
	case methodNotAllowed:
		return http.StatusMethodNotAllowed
	case account.UsernameTaken, account.EmailTaken, account.BuiltinRole, account.LastAdmin, oauth.Exists:
		return http.StatusConflict
	case bodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case unsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case account.WeakPassword, account.InvalidUsername, account.InvalidEmail, account.InvalidRole,
		account.InvalidOneTime, oauth.InvalidClientMetadata:
		return http.StatusUnprocessableEntity
	case account.TooManyRequests:
		return http.StatusTooManyRequests
	case account.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// understand turns any error into one that is safe to show. What was not foreseen is server_error,
// and its text stays in the log.
func understand(err error) *account.Error {
	var known *account.Error
	var fromEcho *echo.HTTPError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &known) && status(known.Code) != http.StatusInternalServerError:
		return known
	case errors.As(err, &tooLarge):
		return errBodyTooLarge.Wrap(err)
	case errors.As(err, &fromEcho):
		return fromHTTP(fromEcho)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return account.ErrUnavailable.Wrap(err)
	default:
		return errServer.Wrap(err)
	}
}

var (
	errBodyTooLarge = account.Errorf(bodyTooLarge, "the body is larger than 64 KiB")
	errMediaType    = account.Errorf(unsupportedMediaType, "send the body as application/json")
	errServer       = account.Errorf(serverError, "an unexpected fault; quote the request id")
)

// fromHTTP understands what the router and the generated code answer.
func fromHTTP(err *echo.HTTPError) *account.Error {
	switch err.Code {
	case http.StatusBadRequest:
		return account.Errorf(account.InvalidRequest, "the request does not fit the contract").Wrap(err)
	case http.StatusNotFound:
		return account.ErrNotFound
	case http.StatusMethodNotAllowed:
		return account.Errorf(methodNotAllowed, "this method is not allowed here; see the Allow header")
	case http.StatusRequestEntityTooLarge:
		return errBodyTooLarge
	case http.StatusUnsupportedMediaType:
		return errMediaType
	default:
		return errServer.Wrap(err)
	}
}

// writeError is the only place that writes errors: RFC 6749 §5.2 JSON at the OAuth endpoints,
// problem+json (RFC 9457) everywhere else.
func (s *Server) writeError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	known := understand(err)
	code := status(known.Code)
	c.Set(errorKey, err)
	header := c.Response().Header()
	if known.RetryAfter > 0 {
		header.Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(known.RetryAfter.Seconds()))))
	}
	if challenge := s.challenge(known, c.Request()); challenge != "" {
		header.Set(echo.HeaderWWWAuthenticate, challenge)
	}
	switch {
	case c.Request().Method == http.MethodHead:
		err = c.NoContent(code)
	case isOAuth(c.Request().URL.Path):
		err = s.writeOAuthError(c, code, known)
	default:
		err = s.writeProblem(c, code, known, details(err))
	}
	if err != nil {
		s.Log.DebugContext(c.Request().Context(), "answer not written", "error", err)
	}
}

// challenge says how to authenticate, on a 401 or where a scope is missing, and nowhere else: some
// clients take the header on a 400 for the whole error.
func (s *Server) challenge(err *account.Error, r *http.Request) string {
	switch err.Code {
	case oauth.TokenRequired, account.InvalidCredentials:
		return s.bearerChallenge()
	case oauth.InvalidToken:
		return s.bearerChallenge("error", string(err.Code), "error_description", err.Text)
	case oauth.InsufficientScope:
		if err.Scope != "" {
			return s.bearerChallenge("error", string(err.Code), "error_description", err.Text, "scope", err.Scope)
		}
		return s.bearerChallenge("error", string(err.Code), "error_description", err.Text)
	case oauth.InvalidClient:
		if !isOAuth(r.URL.Path) {
			return s.bearerChallenge() // nothing there takes HTTP Basic
		}
		if r.Header.Get(echo.HeaderXRequestedWith) == "XMLHttpRequest" {
			return "" // a browser would open its own dialog over the page that asks
		}
		return fmt.Sprintf(`Basic realm="%s", charset="UTF-8"`, s.Issuer) // RFC 7617 §2
	default:
		return ""
	}
}

// bearerChallenge builds the header of RFC 6750 §3 from attribute names and values.
func (s *Server) bearerChallenge(attributes ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `Bearer realm="%s"`, s.Issuer)
	for i := 0; i < len(attributes); i += 2 {
		fmt.Fprintf(&b, `, %s="%s"`, attributes[i], attributes[i+1])
	}
	return b.String()
}

// isOAuth says whether a path answers errors as RFC 6749 §5.2 does, with a trailing slash too.
func isOAuth(path string) bool {
	switch "/" + strings.Trim(path, "/") {
	case "/token", tokenAlias, "/revoke", "/introspect":
		return true
	default:
		return false
	}
}

func (s *Server) writeOAuthError(c echo.Context, code int, known *account.Error) error {
	header := c.Response().Header()
	header.Set(echo.HeaderCacheControl, "no-store")
	header.Set("Pragma", "no-cache")
	return c.JSON(code, api.OAuthError{Error: oauthCode(known.Code), ErrorDescription: known.Text})
}

// oauthCode gives the code that RFC 6749 §5.2 has for a fault.
func oauthCode(code account.Code) string {
	switch code {
	case account.TooManyRequests, account.Unavailable:
		return string(account.Unavailable)
	case account.NotFound, methodNotAllowed, bodyTooLarge:
		return string(oauth.InvalidRequest)
	default:
		return string(code)
	}
}

func (s *Server) writeProblem(c echo.Context, code int, known *account.Error, faults []api.ProblemDetail) error {
	c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
	problem := api.Problem{
		Type: "about:blank", Title: http.StatusText(code), Status: code, Detail: known.Text,
		Instance: c.Request().URL.EscapedPath(), Code: string(known.Code), RequestId: requestIDOf(c),
	}
	if len(faults) > 0 {
		problem.Errors = &faults
	} else if known.Pointer != "" {
		problem.Errors = &[]api.ProblemDetail{{Pointer: known.Pointer, Detail: known.Text}}
	}
	return c.JSON(code, problem)
}

// retryLater is what a draining replica answers.
var retryLater = account.ErrUnavailable.After(5 * time.Second)

package httpapi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Error codes of HTTP itself; the domain does not use them.
const (
	methodNotAllowed     = fault.Code("method_not_allowed")
	bodyTooLarge         = fault.Code("body_too_large")
	unsupportedMediaType = fault.Code("unsupported_media_type")
	crossOrigin          = fault.Code("cross_origin")
	serverError          = fault.Code("server_error")
)

var (
	errBodyTooLarge = fault.Errorf(bodyTooLarge, "the body is larger than 64 KiB")
	errFileTooLarge = fault.Errorf(bodyTooLarge, "the file is larger than 1 GiB; split it and send the parts one after another")
	errMediaType    = fault.Errorf(unsupportedMediaType, "send the body as application/json")
	errStreamType   = fault.Errorf(unsupportedMediaType, "send the file as application/octet-stream")
	errServer       = fault.Errorf(serverError, "internal error; include the request id when you report it")
)

// invalidRequest returns an invalid_request error. Its text is for the developer of the client.
func invalidRequest(text string) error { return fault.Errorf(fault.InvalidRequest, "%s", text) }

// status returns the HTTP status of an error code. It is the only place that maps codes to
// statuses. A code that is not listed is an internal error.
func status(code fault.Code) int {
	switch code {
	case fault.InvalidRequest, oauth.InvalidGrant, oauth.InvalidScope, oauth.UnauthorizedClient, oauth.UnsupportedGrantType:
		return http.StatusBadRequest
	case oauth.InvalidClient, oauth.InvalidToken, oauth.TokenRequired, account.InvalidCredentials:
		return http.StatusUnauthorized
	case fault.InsufficientScope, account.SignupClosed, crossOrigin,
		account.WrongPassword, account.EmailUnverified:
		return http.StatusForbidden
	case fault.NotFound, account.UnknownRole:
		return http.StatusNotFound
	case methodNotAllowed:
		return http.StatusMethodNotAllowed
	case account.UsernameTaken, account.EmailTaken, account.BuiltinRole, account.LastAdmin, fault.AlreadyExists,
		account.MailNotConfigured, hook.Inactive:
		return http.StatusConflict
	case bodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case unsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case account.WeakPassword, account.InvalidUsername, account.InvalidEmail, account.InvalidRole,
		account.InvalidOneTimeToken, oauth.InvalidClientMetadata:
		return http.StatusUnprocessableEntity
	case fault.TooManyRequests:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// publicError returns the error to send for err. An unknown error becomes server_error; its text
// is only logged.
func publicError(err error) *fault.Error {
	var domain *fault.Error
	var fromEcho *echo.HTTPError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &domain) && status(domain.Code) != http.StatusInternalServerError:
		return domain
	case errors.As(err, &tooLarge):
		return errBodyTooLarge.Wrap(err)
	case errors.As(err, &fromEcho):
		return echoError(fromEcho)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fault.ErrUnavailable.Wrap(err)
	default:
		return errServer.Wrap(err)
	}
}

// echoError returns the error to send for one of Echo's router or of the generated code, which
// binds path and query parameters.
func echoError(err *echo.HTTPError) *fault.Error {
	switch err.Code {
	case http.StatusBadRequest:
		return parameterError(err)
	case http.StatusNotFound:
		return fault.ErrNotFound
	case http.StatusMethodNotAllowed:
		return fault.Errorf(methodNotAllowed, "method not allowed; the Allow header lists the allowed methods")
	case http.StatusRequestEntityTooLarge:
		return errBodyTooLarge
	case http.StatusUnsupportedMediaType:
		return errMediaType
	default:
		return errServer.Wrap(err)
	}
}

// unboundParameter matches what the generated code says of a parameter that it cannot bind. What follows the name
// is not for the client: it quotes the library.
var unboundParameter = regexp.MustCompile(`^Invalid format for parameter (\w+):`)

// parameterError returns the error for a path or query parameter that cannot be bound.
func parameterError(err *echo.HTTPError) *fault.Error {
	text := "a path or query parameter is malformed"
	if found := unboundParameter.FindStringSubmatch(fmt.Sprint(err.Message)); found != nil {
		text = "the parameter " + found[1] + " is malformed"
	}
	return fault.Errorf(fault.InvalidRequest, "%s", text).Wrap(err)
}

// writeError is Echo's error handler and the only place that writes errors: JSON of RFC 6749 §5.2
// for the OAuth endpoints, the format of the profile for its operations, problem+json (RFC 9457) for
// all others.
func (s *Server) writeError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	stateOf(c.Request().Context()).err = err
	public := publicError(err)
	code, own := profileError(c, public, problemDetails(err))
	s.setErrorHeaders(public, code, c)
	var writeErr error
	switch {
	case c.Request().Method == http.MethodHead:
		writeErr = c.NoContent(code)
	case own != nil:
		writeErr = c.JSON(code, own)
	case isOAuthPath(c.Request().URL.Path):
		writeErr = writeOAuthError(c, public)
	default:
		writeErr = writeProblem(c, public, err)
	}
	if writeErr != nil {
		s.Log.DebugContext(c.Request().Context(), "error response not written", "error", writeErr)
	}
}

// setErrorHeaders sets Retry-After, RateLimit (draft-ietf-httpapi-ratelimit-headers) and, for 401 and 403, WWW-Authenticate.
func (s *Server) setErrorHeaders(err *fault.Error, code int, c echo.Context) {
	header := c.Response().Header()
	if err.RetryAfter > 0 {
		header.Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(err.RetryAfter.Seconds()))))
	}
	if err.Limit != "" && code == http.StatusTooManyRequests {
		header.Set(rateLimit, fmt.Sprintf(`"%s";r=0;t=%s`, err.Limit, header.Get(echo.HeaderRetryAfter)))
	}
	if challenge := s.challenge(err, c.Request()); challenge != "" && (code == http.StatusUnauthorized || code == http.StatusForbidden) {
		header.Set(echo.HeaderWWWAuthenticate, challenge)
	}
}

// isOAuthPath reports whether errors under a path are written as in RFC 6749 §5.2. Slashes before
// and after the path do not count, so that a 404 for /token/ has that form, too.
func isOAuthPath(path string) bool {
	switch "/" + strings.Trim(path, "/") {
	case "/token", tokenAlias, "/revoke", "/introspect":
		return true
	default:
		return false
	}
}

func writeOAuthError(c echo.Context, err *fault.Error) error {
	header := c.Response().Header()
	header.Set(echo.HeaderCacheControl, noStore)
	header.Set("Pragma", noCache)
	return c.JSON(status(err.Code), api.OAuthError{Error: oauthCode(err.Code), ErrorDescription: err.Text})
}

// oauthCode returns the code of RFC 6749 §5.2 that is closest to ours.
func oauthCode(code fault.Code) string {
	switch code {
	case fault.TooManyRequests, fault.Unavailable:
		return string(fault.Unavailable)
	case fault.NotFound, methodNotAllowed, bodyTooLarge:
		return string(fault.InvalidRequest)
	default:
		return string(code)
	}
}

// writeProblem writes err. The details are those of its cause.
func writeProblem(c echo.Context, err *fault.Error, cause error) error {
	c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
	code := status(err.Code)
	problem := api.Problem{
		Type: "about:blank", Title: http.StatusText(code), Status: code, Detail: err.Text,
		Instance: c.Request().URL.EscapedPath(), Code: string(err.Code), RequestId: requestIDOf(c),
	}
	if notReady := (*notReadyError)(nil); errors.As(cause, &notReady) {
		problem.Failing = &notReady.failing
	}
	if details := problemDetails(cause); len(details) > 0 {
		problem.Errors = &details
	} else if err.Pointer != "" {
		problem.Errors = &[]api.ProblemDetail{{Pointer: err.Pointer, Detail: err.Text}}
	}
	return c.JSON(code, problem)
}

package bearer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The codes of an [Error] (RFC 6750 §3.1).
const (
	CodeInvalidRequest    = "invalid_request"
	CodeInvalidToken      = "invalid_token"
	CodeInsufficientScope = "insufficient_scope"
)

// Error is why a request may not pass. Its text is safe to send to the caller; the cause, which
// [errors.Unwrap] returns, is for your log. Neither contains any part of the token.
type Error struct {
	Status      int           // HTTP status: 400, 401, 403 or 503
	Code        string        // one of the codes, or empty: without a token, and for 503
	Description string        // for the developer of the caller; ASCII without quotes
	Scope       string        // with 403: the scopes that the request needs, separated by spaces
	RetryAfter  time.Duration // with 503

	cause error
}

// Error returns the description and the cause.
func (e *Error) Error() string {
	if e.cause == nil {
		return "bearer: " + e.Description
	}
	return "bearer: " + e.Description + ": " + e.cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

func errNoToken() *Error {
	return &Error{Status: http.StatusUnauthorized, Description: "an access token is required; send it in the Authorization header"}
}

func errTwoTokens() *Error {
	return &Error{Status: http.StatusBadRequest, Code: CodeInvalidRequest, Description: "more than one Authorization header"}
}

func errInvalid(cause error) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: CodeInvalidToken, Description: "the access token is not valid", cause: cause}
}

func errUnavailable(cause error) *Error {
	return &Error{
		Status: http.StatusServiceUnavailable, RetryAfter: 2 * time.Second, cause: cause,
		Description: "access tokens cannot be checked at the moment; try again later",
	}
}

// challenge returns the WWW-Authenticate header of an error (RFC 6750 §3), or "".
func (e *Error) challenge(realm string) string {
	if e.Status == http.StatusServiceUnavailable {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `Bearer realm="%s"`, realm)
	if e.Code == "" {
		return b.String() // RFC 6750 §3.1: a request without a token gets no error code
	}
	for _, attribute := range [][2]string{{"error", e.Code}, {"error_description", e.Description}, {"scope", e.Scope}} {
		if attribute[1] != "" && isQuotable(attribute[1]) {
			fmt.Fprintf(&b, `, %s="%s"`, attribute[0], attribute[1])
		}
	}
	return b.String()
}

// setHeaders sets the headers that every response to this error has.
func (e *Error) setHeaders(header http.Header, realm string) {
	header.Set("Cache-Control", "no-store")
	if challenge := e.challenge(realm); challenge != "" {
		header.Set("WWW-Authenticate", challenge)
	}
	if e.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(max(1, int(e.RetryAfter/time.Second))))
	}
}

// writeProblem is the default of Config.ErrorHandler.
func writeProblem(w http.ResponseWriter, r *http.Request, err *Error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(err.Status)
	if r.Method == http.MethodHead {
		return
	}
	_ = json.NewEncoder(w).Encode(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Code   string `json:"code,omitempty"`
	}{"about:blank", http.StatusText(err.Status), err.Status, err.Description, err.Code})
}

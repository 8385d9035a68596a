package httpapi

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const (
	maxBody   = "64KiB"
	maxParams = 20
	formType  = "application/x-www-form-urlencoded"
)

// secretParams may never stand in a URL (RFC 6749 §2.3.1), whether the operation knows them or not.
var secretParams = []string{"password", "client_secret", "client_assertion", "refresh_token", "token"}

var errInURL = malformed("parameters in the URL are not used; send them in the body")

type credentialsKey struct{}

// credentials gives what the caller said of its client.
func credentials(ctx context.Context) oauth.Credentials {
	claim, _ := ctx.Value(credentialsKey{}).(oauth.Credentials)
	return claim
}

// tokenForm reads the form of an OAuth endpoint by the letter of RFC 6749 §3.2 before the generated
// code sees it, which would take parameters from the URL, the first of two, and arrays.
func tokenForm(all operations) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			op := all.of(c)
			if op.form == nil {
				return next(c)
			}
			request := c.Request()
			if err := checkTransport(request, op.form); err != nil {
				return err
			}
			form, err := readForm(request.Body, op.form)
			if err != nil {
				return err
			}
			claim, err := clientClaim(request.Header, form)
			if err != nil {
				return err
			}
			request.PostForm, request.Form = form, form
			putContext(c, credentialsKey{}, claim)
			return next(c)
		}
	}
}

// checkTransport checks what stands around the body.
func checkTransport(request *http.Request, known []string) error {
	query, err := url.ParseQuery(request.URL.RawQuery)
	for name := range query {
		if slices.Contains(known, name) || slices.Contains(secretParams, name) {
			return errInURL
		}
	}
	if err != nil { // what cannot be read may hide a secret
		return errInURL
	}
	mediaType, params, err := mime.ParseMediaType(request.Header.Get(echo.HeaderContentType))
	if err != nil || mediaType != formType {
		return malformed("send the body as " + formType)
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return malformed("send the body in UTF-8")
	}
	if request.Header.Get(echo.HeaderContentEncoding) != "" {
		return malformed("send the body without a content encoding")
	}
	return nil
}

// readForm reads the known parameters. An empty one is as if it were left out, an unknown one is
// ignored, and a known one may stand once (RFC 6749 §3.2).
func readForm(body io.Reader, known []string) (url.Values, error) {
	raw, err := readBody(body)
	if err != nil {
		return nil, err
	}
	text := string(raw)
	if strings.Count(text, "&") >= maxParams {
		return nil, malformed("the body has too many parameters")
	}
	all, err := url.ParseQuery(text)
	if err != nil {
		return nil, malformed("the body is not a well-formed form")
	}
	form := url.Values{}
	for name, values := range all {
		if !slices.Contains(known, name) && name != "client_assertion" {
			continue
		}
		if len(values) > 1 {
			return nil, malformed("the parameter " + name + " stands more than once")
		}
		if !utf8.ValidString(values[0]) || strings.Contains(values[0], "\x00") {
			return nil, malformed("the parameter " + name + " is not valid text")
		}
		if values[0] != "" {
			form[name] = values
		}
	}
	return form, nil
}

// malformed is invalid_request with a text for the developer of the client.
func malformed(text string) error { return account.Errorf(oauth.InvalidRequest, "%s", text) }

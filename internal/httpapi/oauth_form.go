package httpapi

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

const (
	formType  = "application/x-www-form-urlencoded"
	maxParams = 20 // in a form
)

// secretParams must not be in a URL (RFC 6749 §2.3.1), not even of an operation that has no such
// parameter.
var secretParams = []string{"password", "client_secret", "client_assertion", "refresh_token", "token"}

var errInURL = invalidRequest("send parameters in the body, not in the URL")

// oauthForm reads the form of an OAuth endpoint as RFC 6749 §3.2 requires, and the client's
// credentials. The generated code, which runs later, would also accept parameters in the URL,
// repeated ones and arrays.
func oauthForm(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op := operationOf(c)
		if op.form == nil {
			return next(c)
		}
		request := c.Request()
		if err := checkFormRequest(request, op.form); err != nil {
			return err
		}
		form, err := readForm(request.Body, op.form)
		if err != nil {
			return err
		}
		credentials, err := readClientAuth(request.Header, form)
		if err != nil {
			return err
		}
		request.PostForm, request.Form = form, form
		stateOf(request.Context()).client = credentials
		return next(c)
	}
}

// checkFormRequest checks the URL and the headers of a request with a form.
func checkFormRequest(request *http.Request, params []string) error {
	query, err := url.ParseQuery(request.URL.RawQuery)
	for name := range query {
		if slices.Contains(params, name) || slices.Contains(secretParams, name) {
			return errInURL
		}
	}
	if err != nil { // the malformed part may contain a secret
		return errInURL
	}
	mediaType, attributes, err := mime.ParseMediaType(request.Header.Get(echo.HeaderContentType))
	if err != nil || mediaType != formType {
		return invalidRequest("send the body as " + formType)
	}
	if charset, ok := attributes["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return invalidRequest("send the body in UTF-8")
	}
	if request.Header.Get(echo.HeaderContentEncoding) != "" {
		return invalidRequest("send the body without Content-Encoding")
	}
	return nil
}

// readForm reads the named parameters of a form. An empty parameter counts as omitted, an unknown
// one is ignored, and a repeated one is an error (RFC 6749 §3.2). client_assertion is read as well:
// that way of client authentication must not be ignored.
func readForm(body io.Reader, params []string) (url.Values, error) {
	raw, err := readBody(body)
	if err != nil {
		return nil, err
	}
	text := string(raw)
	if strings.Count(text, "&") >= maxParams {
		return nil, invalidRequest("the body has too many parameters")
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil, invalidRequest("the body is not a valid form")
	}
	for name, values := range form {
		if !slices.Contains(params, name) && name != "client_assertion" {
			delete(form, name)
			continue
		}
		if err := checkParam(name, values); err != nil {
			return nil, err
		}
		if values[0] == "" {
			delete(form, name)
		}
	}
	return form, nil
}

// checkParam checks that a parameter appears once and is text.
func checkParam(name string, values []string) error {
	switch {
	case len(values) > 1:
		return invalidRequest("the parameter " + name + " appears more than once")
	case !utf8.ValidString(values[0]) || strings.Contains(values[0], "\x00"):
		return invalidRequest("the parameter " + name + " is not valid UTF-8 or contains NUL")
	default:
		return nil
	}
}

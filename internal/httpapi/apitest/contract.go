package apitest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/latchkey-auth/latchkey/api"
)

// Contract is a transport that holds every answer of the next one against the contract: status,
// headers, media type and body. An answer that does not fit is an error of the request.
type Contract struct {
	description
	next http.RoundTripper
}

type description struct {
	spec   *openapi3.T
	router routers.Router
}

// read reads the contract once for all transports: a test has many.
var read = sync.OnceValues(func() (description, error) {
	spec, err := api.GetSpec()
	if err != nil {
		return description{}, err
	}
	router, err := gorillamux.NewRouter(spec)
	return description{spec, router}, err
})

// NewContract puts the check before a transport.
func NewContract(next http.RoundTripper) (*Contract, error) {
	described, err := read()
	if err != nil {
		return nil, err
	}
	return &Contract{described, next}, nil
}

// RoundTrip sends the request and checks the answer.
func (c *Contract) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	if err := c.check(r, response, body); err != nil {
		return nil, fmt.Errorf("%s %s answered %s against the contract: %w\n%s", r.Method, r.URL.RequestURI(), response.Status, err, body)
	}
	return response, nil
}

func (c *Contract) check(r *http.Request, response *http.Response, body []byte) error {
	path := r.URL.Path
	switch {
	case path == "/docs" || strings.HasPrefix(path, "/docs/"):
		return nil // a page for people, and not in the contract
	case r.Method == http.MethodHead || r.Method == http.MethodOptions:
		return nil // HEAD has no body, and preflights are answered before any operation
	case response.Header.Get("X-Request-Id") == "" || response.Header.Get("X-Content-Type-Options") != "nosniff":
		return errors.New("X-Request-Id or X-Content-Type-Options: nosniff is missing")
	}
	route, err := c.route(r.Method, path)
	if err != nil {
		return c.checkNowhere(response, body)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 response.StatusCode, Header: response.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	input.SetBodyBytes(body)
	return openapi3filter.ValidateResponse(r.Context(), input)
}

// route finds the operation that answers. A wrong method of /token is answered by the 405 that its
// one operation describes; a path beside a slash or two by the same.
func (c *Contract) route(method, path string) (*routers.Route, error) {
	trimmed := "/" + strings.Trim(path, "/")
	if trimmed == "/token" || trimmed == "/api/auth/token" {
		method = http.MethodPost
		if path == trimmed {
			path = "/token"
		}
	}
	route, _, err := c.router.FindRoute(&http.Request{Method: method, URL: &url.URL{Path: path}})
	return route, err
}

// checkNowhere checks the answer where no operation is: 404 or 405 with a problem (RFC 9457), or
// with the OAuth endpoints' error beside their paths.
func (c *Contract) checkNowhere(response *http.Response, body []byte) error {
	if response.StatusCode != http.StatusNotFound && response.StatusCode != http.StatusMethodNotAllowed {
		return errors.New("there is no such operation")
	}
	schema := "Problem"
	if response.Header.Get("Content-Type") == "application/json" {
		schema = "OAuthError"
	} else if response.Header.Get("Content-Type") != "application/problem+json" {
		return fmt.Errorf("the media type is %q", response.Header.Get("Content-Type"))
	}
	value, err := decode(body)
	if err != nil {
		return err
	}
	return c.spec.Components.Schemas[schema].Value.VisitJSON(value)
}

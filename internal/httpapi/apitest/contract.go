package apitest

import (
	"bytes"
	"encoding/json"
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

// Contract is a transport that validates every response of another transport against the contract:
// status, headers, media type and body. RoundTrip returns an error for an invalid response.
type Contract struct {
	description
	profiles []description // compatibility profiles that are on
	next     http.RoundTripper
}

type description struct {
	spec   *openapi3.T
	router routers.Router
}

// loadContract loads the contract once, because a test has many transports.
var loadContract = sync.OnceValues(func() (description, error) {
	openapi3filter.RegisterBodyDecoder("application/jwt", openapi3filter.RegisteredBodyDecoder("text/plain"))
	spec, err := api.GetSpec()
	if err != nil {
		return description{}, err
	}
	return describe(spec)
})

func describe(spec *openapi3.T) (description, error) {
	router, err := gorillamux.NewRouter(spec)
	return description{spec, router}, err
}

// NewContract returns a transport that validates the responses of next. With the contracts of
// compatibility profiles, a response on their routes must be valid under theirs, or, on a route that
// the main contract has, too, under either.
func NewContract(next http.RoundTripper, profiles ...*openapi3.T) (*Contract, error) {
	main, err := loadContract()
	if err != nil {
		return nil, err
	}
	contract := &Contract{description: main, next: next}
	for _, spec := range profiles {
		profile, err := describe(spec)
		if err != nil {
			return nil, err
		}
		contract.profiles = append(contract.profiles, profile)
	}
	return contract, nil
}

// RoundTrip sends the request and validates the response.
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
		return nil, fmt.Errorf("%s %s: the response %s violates the contract: %w\n%s", r.Method, r.URL.RequestURI(), response.Status, err, body)
	}
	return response, nil
}

func (c *Contract) check(r *http.Request, response *http.Response, body []byte) error {
	path := r.URL.Path
	switch {
	case path == "/docs" || strings.HasPrefix(path, "/docs/"):
		return nil // Swagger UI is not part of the contract
	case strings.HasPrefix(path, "/openapi/"):
		return nil // nor are the contracts of the profiles
	case r.Method == http.MethodHead || r.Method == http.MethodOptions:
		return nil // HEAD has no body, and a CORS preflight reaches no operation
	case response.Header.Get("X-Request-Id") == "" || response.Header.Get("X-Content-Type-Options") != "nosniff":
		return errors.New("X-Request-Id or X-Content-Type-Options: nosniff is missing")
	}
	var ofProfile error
	unrouted := c.checkUnrouted
	for _, profile := range c.profiles {
		route, _, err := profile.router.FindRoute(&http.Request{Method: r.Method, URL: &url.URL{Path: path}})
		if errors.Is(err, routers.ErrMethodNotAllowed) {
			unrouted = profile.checkMethodNotAllowed
		}
		if err != nil {
			continue
		}
		if ofProfile = validate(r, route, response, body); ofProfile == nil {
			return nil
		}
	}
	route, err := c.route(r.Method, path)
	switch {
	case err == nil:
		return validate(r, route, response, body)
	case ofProfile != nil:
		return ofProfile
	case errors.Is(err, routers.ErrMethodNotAllowed):
		return c.checkUnrouted(response, body)
	default:
		return unrouted(response, body)
	}
}

// checkMethodNotAllowed validates the response to a method that a route of a profile does not have.
func (d description) checkMethodNotAllowed(response *http.Response, body []byte) error {
	if response.StatusCode != http.StatusMethodNotAllowed {
		return errors.New("the contract has no such operation")
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	return d.spec.Components.Schemas["Error"].Value.VisitJSON(value)
}

// validate validates a response of an operation.
func validate(r *http.Request, route *routers.Route, response *http.Response, body []byte) error {
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 response.StatusCode, Header: response.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	input.SetBodyBytes(body)
	return openapi3filter.ValidateResponse(r.Context(), input)
}

// route returns the operation that describes the response. For /token and its alias that is POST
// /token for every method, because it describes the 405 as well.
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

// checkUnrouted validates the response to a request that matches no operation. It must be 404 or
// 405 with a problem (RFC 9457), or with an OAuth error next to the OAuth endpoints.
func (c *Contract) checkUnrouted(response *http.Response, body []byte) error {
	if response.StatusCode != http.StatusNotFound && response.StatusCode != http.StatusMethodNotAllowed {
		return errors.New("the contract has no such operation")
	}
	var schema string
	switch mediaType := response.Header.Get("Content-Type"); mediaType {
	case "application/json":
		schema = "OAuthError"
	case "application/problem+json":
		schema = "Problem"
	default:
		return fmt.Errorf("the media type is %q", mediaType)
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	return c.spec.Components.Schemas[schema].Value.VisitJSON(value)
}

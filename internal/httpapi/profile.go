package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// Profile is a second contract that the server fulfils beside the main one: the routes, fields and
// errors of another system, for its front ends. It passes the same middleware. Its contract guards
// its operations as the main one does, and it calls the same domain.
//
// In its contract, every operation has the profile's name as its only tag. x-browser marks the
// operations that set or read cookies; they refuse cross-site requests. A route that the main
// contract has, too, is the profile's, except that x-main-unless leaves the requests whose JSON body
// lacks a member to the main operation.
type Profile struct {
	Name     string                                 // as in LATCHKEY_COMPAT
	Contract func() ([]byte, error)                 // as JSON
	Register func(s *Server, r *Router)             // adds the routes
	Failure  func(f Failure) (status int, body any) // writes an error
	Cookies  CookieStyle                            // of a browser session
}

// Failure is an error that a profile writes in its own format.
type Failure struct {
	Err       *fault.Error
	Status    int                 // on the main routes
	Operation string              // id in the profile's contract
	Details   []api.ProblemDetail // errors by field, if the body is invalid
	RequestID string
}

// FieldError is an error of one field as FastAPI writes it.
type FieldError struct {
	Location []string `json:"loc"`
	Message  string   `json:"msg"`
	Type     string   `json:"type"`
}

// FastAPIDetail returns the detail of FastAPI's HTTPValidationError: a list of the fields with errors,
// or the text of an error that is about no field.
func (f Failure) FastAPIDetail() any {
	if len(f.Details) == 0 {
		return f.Err.Text
	}
	list := make([]FieldError, len(f.Details))
	for i, d := range f.Details {
		path := strings.Split(strings.TrimPrefix(d.Pointer, "/"), "/")
		list[i] = FieldError{Location: append([]string{"body"}, path...), Message: d.Detail, Type: "value_error"}
	}
	return list
}

// loadedProfile is a profile with its contract.
type loadedProfile struct {
	Profile
	contract     *openapi3.T
	contractJSON []byte
}

func loadProfiles(all []Profile, issuer string) ([]*loadedProfile, error) {
	loaded := make([]*loadedProfile, len(all))
	for i, p := range all {
		raw, err := p.Contract()
		if err != nil {
			return nil, fmt.Errorf("profile %s: %w", p.Name, err)
		}
		contract, err := openapi3.NewLoader().LoadFromData(raw)
		if err != nil {
			return nil, fmt.Errorf("profile %s: %w", p.Name, err)
		}
		loaded[i] = &loadedProfile{Profile: p, contract: contract, contractJSON: absoluteURLs(raw, issuer)}
	}
	return loaded, nil
}

// readContracts returns the operations of the main contract and of the profiles.
func (s *Server) readContracts() (operations, error) {
	all := maps.Clone(s.main.operations)
	all["POST "+tokenAlias] = all["POST /token"]
	for _, p := range s.profiles {
		own, err := readContract(p.contract)
		if err != nil {
			return nil, fmt.Errorf("profile %s: %w", p.Name, err)
		}
		for route, op := range own {
			op.profile = p
			if main, taken := all[route]; taken {
				if main.profile != nil {
					return nil, fmt.Errorf("the profiles %s and %s both have %s", main.profile.Name, p.Name, route)
				}
				op.main = main
			}
			all[route] = op
		}
	}
	return all, nil
}

// contractsPath is where the contracts of the profiles are served.
const contractsPath = "/openapi/"

// serveProfiles adds the routes of the profiles, and their contracts.
func (s *Server) serveProfiles(r *Router) {
	for _, p := range s.profiles {
		p.Register(s, r)
		r.Echo.GET(contractsPath+p.Name+".json", func(c echo.Context) error {
			return c.JSONBlob(http.StatusOK, p.contractJSON)
		})
	}
}

// Router adds routes to Echo. It implements the interface that the generated code asks for.
type Router struct {
	*echo.Echo
	handlers map[string]echo.HandlerFunc // of the main contract, by route
}

// GET adds a route.
func (r *Router) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodGet, path, h, m...)
}

// POST adds a route.
func (r *Router) POST(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodPost, path, h, m...)
}

// PUT adds a route.
func (r *Router) PUT(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodPut, path, h, m...)
}

// PATCH adds a route.
func (r *Router) PATCH(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodPatch, path, h, m...)
}

// DELETE adds a route.
func (r *Router) DELETE(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.add(http.MethodDelete, path, h, m...)
}

// add adds a route. On a route of the main contract, the handler of a profile gets only the requests
// for which its operation was selected.
func (r *Router) add(method, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	route := method + " " + path
	main, shared := r.handlers[route]
	if !shared {
		r.handlers[route] = h
		return r.Add(method, path, h, m...)
	}
	return r.Add(method, path, func(c echo.Context) error {
		if operationOf(c).profile == nil {
			return main(c)
		}
		return h(c)
	}, m...)
}

// profileError returns the status of an error, and its body if the operation is a profile's.
func profileError(c echo.Context, err *fault.Error, details []api.ProblemDetail) (code int, body any) {
	op, code := operationOf(c), status(err.Code)
	if op.profile == nil {
		return code, nil
	}
	if details == nil && err.Pointer != "" {
		details = []api.ProblemDetail{{Pointer: err.Pointer, Detail: err.Text}}
	}
	return op.profile.Failure(Failure{
		Err: err, Status: code, Operation: op.id, Details: details, RequestID: requestIDOf(c),
	})
}

// PrincipalOf returns the user and token that make the request. It panics in an operation that the
// contract does not guard.
func PrincipalOf(ctx context.Context) oauth.Principal { return principal(ctx) }

// CallerOf returns the address and user agent that the request comes from.
func CallerOf(ctx context.Context) oauth.Caller { return caller(ctx) }

// OriginOf returns where the signed-in user acts from. It panics where PrincipalOf does.
func OriginOf(ctx context.Context) account.Origin { return origin(ctx) }

// ClientOf returns the client credentials of a request with a form.
func ClientOf(ctx context.Context) oauth.Credentials { return clientAuth(ctx) }

package httpapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/api"
)

// operation is what the contract declares about an operation, as far as the middleware needs it.
type operation struct {
	id      string
	guarded bool                  // needs an access token
	scopes  []string              // that the token must have, all of them
	roles   []string              // of which the user must have one; from x-required-roles
	limits  string                // from x-rate-limit: the value of RateLimit-Policy
	params  []*openapi3.Parameter // in the path and the query
	form    []string              // parameters of the form body; nil if there is none
	body    *openapi3.Schema      // of the JSON body; nil if there is none
	stream  bool                  // has x-streamed-body: the body may be large, and is read while it arrives
	maybe   bool                  // the body may be left out
	demo    bool                  // has the tag "examples": served only if DemoRoutes is on
	browser bool                  // has the tag "browser" or x-browser: sets or reads cookies
	gateway bool                  // has x-gateway: a gateway asks about the request of another caller
	profile *loadedProfile        // whose operation it is; nil: the main contract's
	main    *operation            // of the main contract on the same route, if this is a profile's
	member  string                // from x-main-unless: the main operation serves bodies without this member
}

// operations maps a method and an Echo route, "GET /users/:id", to its operation.
type operations map[string]*operation

// operationOf returns the operation of a request, or an empty operation for a route that is in no
// contract.
func operationOf(c echo.Context) *operation { return stateOf(c.Request().Context()).operation }

// selectOperation stores the operation of a request. A request whose method a route does not have gets
// an operation that only says whose route it is, for the format of the error.
func selectOperation(all operations) echo.MiddlewareFunc {
	owners := all.owners()
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			op, found := all[c.Request().Method+" "+c.Path()]
			if !found {
				op = &operation{profile: owners[c.Path()]}
			}
			if op.main != nil && op.member != "" && !bodyHasMember(c.Request(), op.member) {
				op = op.main
			}
			stateOf(c.Request().Context()).operation = op
			return next(c)
		}
	}
}

// owners returns the profile of each route that is in no other contract.
func (all operations) owners() map[string]*loadedProfile {
	owners := map[string]*loadedProfile{}
	for methodAndRoute, op := range all {
		_, route, _ := strings.Cut(methodAndRoute, " ")
		owner := op.profile
		if known, seen := owners[route]; op.main != nil || seen && known != owner {
			owner = nil
		}
		owners[route] = owner
	}
	return owners
}

// contract is what the server needs of the main contract: a small part of it.
type contract struct {
	title, version string
	scopes         []string // sorted
	operations     operations
}

// mainContract reads the embedded contract once, because that takes long. Nobody may change what it returns.
var mainContract = sync.OnceValues(func() (contract, error) {
	spec, err := api.GetSpec()
	if err != nil {
		return contract{}, err
	}
	all, err := readContract(spec)
	scopes := spec.Components.SecuritySchemes["oauth2Password"].Value.Flows.Password.Scopes
	return contract{
		title: spec.Info.Title, version: spec.Info.Version, operations: all,
		scopes: slices.Sorted(maps.Keys(scopes)),
	}, err
})

// readContract reads all operations. An operation that declares no security is an error, so that
// none is open by mistake.
func readContract(contract *openapi3.T) (operations, error) {
	all := operations{}
	for path, item := range contract.Paths.Map() {
		for method, declared := range item.Operations() {
			op, err := readOperation(declared, item.Parameters)
			if err != nil {
				return nil, fmt.Errorf("contract: %s %s: %w", method, path, err)
			}
			all[method+" "+echoRoute(path)] = op
		}
	}
	return all, nil
}

func readOperation(declared *openapi3.Operation, ofPath openapi3.Parameters) (*operation, error) {
	op := &operation{
		id:      declared.OperationID,
		demo:    slices.Contains(declared.Tags, "examples"),
		browser: slices.Contains(declared.Tags, "browser") || declared.Extensions["x-browser"] == true,
		gateway: declared.Extensions["x-gateway"] == true,
	}
	for _, parameter := range slices.Concat(ofPath, declared.Parameters) {
		op.params = append(op.params, parameter.Value)
	}
	op.limits, _ = declared.Extensions["x-rate-limit"].(string)
	op.stream = declared.Extensions["x-streamed-body"] == true
	op.member, _ = declared.Extensions["x-main-unless"].(string)
	if declared.Security == nil {
		return op, fmt.Errorf("%s has no security; write `security: []` if anyone may call it", op.id)
	}
	for _, alternative := range *declared.Security {
		if scopes, ok := alternative["oauth2Password"]; ok {
			op.guarded, op.scopes = true, scopes
		}
	}
	var err error
	if op.roles, err = requiredRoles(declared); err != nil {
		return op, err
	}
	if len(op.roles) > 0 && !op.guarded {
		return op, fmt.Errorf("%s has x-required-roles but no oauth2Password security", op.id)
	}
	if declared.RequestBody != nil {
		op.form, op.body = bodySchema(declared.RequestBody.Value)
		op.maybe = !declared.RequestBody.Value.Required
	}
	return op, nil
}

func requiredRoles(declared *openapi3.Operation) ([]string, error) {
	value, ok := declared.Extensions["x-required-roles"]
	if !ok {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("%s: x-required-roles is not a list of roles", declared.OperationID)
	}
	roles := make([]string, len(list))
	for i, role := range list {
		roles[i] = fmt.Sprint(role)
	}
	return roles, nil
}

// bodySchema returns the names of the parameters of a form, or the schema of a JSON body.
func bodySchema(body *openapi3.RequestBody) (form []string, schema *openapi3.Schema) {
	if media := body.Content[formType]; media != nil {
		form = slices.Collect(maps.Keys(media.Schema.Value.Properties))
	}
	if media := body.Content[echo.MIMEApplicationJSON]; media != nil {
		schema = media.Schema.Value
	}
	return form, schema
}

// echoRoute converts /users/{id} to /users/:id.
func echoRoute(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

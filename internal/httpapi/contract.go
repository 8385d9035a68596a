package httpapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// operation is what the middleware needs to know of an operation, read from the contract.
type operation struct {
	id      string
	guarded bool             // needs a bearer token
	scopes  []string         // that the token must have, all of them
	roles   []string         // that the user must have, one of them; from x-required-roles
	form    []string         // parameters of a form body; nil if it has none
	body    *openapi3.Schema // of a JSON body; nil if it has none
	example bool             // served only with the demo routes
	browser bool             // sets or reads the cookies of a page
}

// operations are found by method and Echo route.
type operations map[string]operation

// of gives the operation of a request, or the zero operation if the route is none of the contract's.
func (o operations) of(c echo.Context) operation {
	return o[c.Request().Method+" "+c.Path()]
}

// readContract reads what each operation demands. An operation that says nothing of its security
// is a fault: nothing is open by forgetting.
func readContract(contract *openapi3.T) (operations, error) {
	all := operations{}
	for path, item := range contract.Paths.Map() {
		for method, op := range item.Operations() {
			known, err := readOperation(op)
			if err != nil {
				return nil, fmt.Errorf("contract: %s %s: %w", method, path, err)
			}
			all[method+" "+echoRoute(path)] = known
		}
	}
	all["POST "+tokenAlias] = all["POST /token"]
	return all, nil
}

func readOperation(op *openapi3.Operation) (operation, error) {
	known := operation{
		id: op.OperationID, example: slices.Contains(op.Tags, "examples"), browser: slices.Contains(op.Tags, "browser"),
	}
	if op.Security == nil {
		return known, fmt.Errorf("%s has no security; write `security: []` if everybody may call it", op.OperationID)
	}
	for _, alternative := range *op.Security {
		if scopes, ok := alternative["oauth2Password"]; ok {
			known.guarded, known.scopes = true, scopes
		}
	}
	roles, err := requiredRoles(op)
	if err != nil {
		return known, err
	}
	if len(roles) > 0 && !known.guarded {
		return known, fmt.Errorf("%s has x-required-roles but no oauth2Password security", op.OperationID)
	}
	known.roles = roles
	if op.RequestBody != nil {
		known.form = formParameters(op.RequestBody.Value)
		if media := op.RequestBody.Value.Content["application/json"]; media != nil {
			known.body = media.Schema.Value
		}
	}
	return known, nil
}

func requiredRoles(op *openapi3.Operation) ([]string, error) {
	value, ok := op.Extensions["x-required-roles"]
	if !ok {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("%s: x-required-roles is not a list of roles", op.OperationID)
	}
	roles := make([]string, len(list))
	for i, role := range list {
		roles[i] = fmt.Sprint(role)
	}
	return roles, nil
}

func formParameters(body *openapi3.RequestBody) []string {
	media := body.Content["application/x-www-form-urlencoded"]
	if media == nil {
		return nil
	}
	var names []string
	for name := range media.Schema.Value.Properties {
		names = append(names, name)
	}
	return names
}

// echoRoute turns /users/{id} into /users/:id.
func echoRoute(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

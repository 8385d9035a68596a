package httpapi

import (
	"errors"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// parameters refuses a request whose path or query parameters break the bounds that the contract
// declares. Patterns are left to the domain, as in a body. A gateway would not understand 400.
func parameters(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op := operationOf(c)
		if op.gateway {
			return next(c)
		}
		for _, declared := range op.params {
			if err := checkParameter(declared, valuesOf(c, declared)); err != nil {
				return err
			}
		}
		return next(c)
	}
}

// valuesOf returns the values of a parameter in a request.
func valuesOf(c echo.Context, declared *openapi3.Parameter) []string {
	if declared.In == openapi3.ParameterInQuery {
		return c.QueryParams()[declared.Name]
	}
	return []string{c.Param(declared.Name)}
}

// checkParameter checks that a parameter appears at most once, and its value under the schema.
func checkParameter(declared *openapi3.Parameter, values []string) error {
	switch {
	case len(values) == 0:
		return nil
	case len(values) > 1:
		return invalidRequest("the parameter " + declared.Name + " appears more than once")
	}
	schema := declared.Schema.Value
	value, ok := typed(schema, values[0])
	if !ok {
		return invalidRequest("the parameter " + declared.Name + " has the wrong type")
	}
	err := schema.VisitJSON(value, openapi3.DisableSchemaErrorDetails())
	var broken *openapi3.SchemaError
	if !errors.As(err, &broken) || broken.SchemaField == "pattern" {
		return nil
	}
	return invalidRequest("the parameter " + declared.Name + " " + schemaErrorText(broken))
}

// typed returns the text of a parameter as a value of its type.
func typed(schema *openapi3.Schema, text string) (value any, ok bool) {
	var err error
	switch {
	case schema.Type.Is("integer"):
		var number int64
		number, err = strconv.ParseInt(text, 10, 64)
		value = float64(number)
	case schema.Type.Is("boolean"):
		value, err = strconv.ParseBool(text)
	default:
		value = text
	}
	return value, err == nil
}

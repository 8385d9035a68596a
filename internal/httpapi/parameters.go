package httpapi

import (
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
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
	value := c.Param(declared.Name)
	if decoded, err := url.PathUnescape(value); err == nil { // the generated code decodes it, too
		value = decoded
	}
	return []string{value}
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
		return invalidRequest("the parameter " + declared.Name + " " + typeText(schema))
	}
	err := schema.VisitJSON(value, openapi3.DisableSchemaErrorDetails())
	var broken *openapi3.SchemaError
	if !errors.As(err, &broken) || broken.SchemaField == "pattern" {
		return nil
	}
	return invalidRequest("the parameter " + declared.Name + " " + schemaErrorText(broken))
}

// typed returns the text of a parameter as a value of its type. The generated code would refuse what is not of that
// type, too, but without saying what is expected.
func typed(schema *openapi3.Schema, text string) (value any, ok bool) {
	var err error
	value = text
	switch {
	case schema.Type.Is("integer"):
		var number int64
		number, err = strconv.ParseInt(text, 10, 64)
		if errors.Is(err, strconv.ErrRange) { // number is the closest one, which the bounds refuse
			err = nil
		}
		value = float64(number)
	case schema.Type.Is("boolean"):
		value, err = strconv.ParseBool(text)
	case schema.Format == "uuid":
		err = uuid.Validate(text)
	case schema.Format == "date-time":
		_, err = time.Parse(time.RFC3339, text)
	}
	return value, err == nil
}

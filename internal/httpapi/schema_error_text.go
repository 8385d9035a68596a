package httpapi

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// schemaErrorText says what a schema expects of a member or a parameter. It does not repeat the value.
func schemaErrorText(err *openapi3.SchemaError) string {
	schema := err.Schema
	switch err.SchemaField {
	case "required":
		return "is required"
	case "properties", "additionalProperties":
		return "is not a known field"
	case "type", "nullable", "format":
		return typeText(schema)
	case "enum":
		return enumText(schema.Enum)
	case "minLength":
		return atLeast(schema.MinLength, "characters")
	case "maxLength":
		return fmt.Sprintf("must have at most %d characters", *schema.MaxLength)
	case "minItems":
		return atLeast(schema.MinItems, "items")
	case "maxItems":
		return fmt.Sprintf("must have at most %d items", *schema.MaxItems)
	case "minimum":
		return "must be at least " + number(*schema.Min)
	case "maximum":
		return "must be at most " + number(*schema.Max)
	default:
		return "is not valid: " + err.SchemaField
	}
}

// The texts for values of the wrong type or format.
var (
	formatTexts = map[string]string{
		"uuid":      "must be a UUID",
		"date-time": "must be a time such as 2030-03-01T00:00:00Z",
	}
	typeTexts = map[string]string{
		openapi3.TypeString:  "must be a string",
		openapi3.TypeInteger: "must be a whole number",
		openapi3.TypeNumber:  "must be a number",
		openapi3.TypeBoolean: "must be true or false",
		openapi3.TypeArray:   "must be a list",
		openapi3.TypeObject:  "must be an object",
	}
)

// typeText says which type or format a schema expects.
func typeText(schema *openapi3.Schema) string {
	if text, ok := formatTexts[schema.Format]; ok {
		return text
	}
	for _, name := range schema.Type.Slice() {
		if text, ok := typeTexts[name]; ok {
			return text
		}
	}
	return "has the wrong type"
}

// enumText lists the allowed values.
func enumText(allowed []any) string {
	text := "must be "
	var names []string
	for _, value := range allowed {
		if value == "" {
			text += "empty or "
			continue
		}
		names = append(names, fmt.Sprint(value))
	}
	return text + "one of: " + strings.Join(names, ", ")
}

func atLeast(count uint64, what string) string {
	if count == 1 {
		return "must not be empty"
	}
	return fmt.Sprintf("must have at least %d %s", count, what)
}

// number returns a bound without an exponent.
func number(bound float64) string { return strconv.FormatFloat(bound, 'f', -1, 64) }

package httpapi

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
)

func TestCheckParameter(t *testing.T) {
	t.Parallel()
	number := openapi3.NewIntegerSchema().WithMin(1).WithMax(200)
	for name, test := range map[string]struct {
		schema *openapi3.Schema
		values []string
		want   string // "": accepted
	}{
		"none":                {number, nil, ""},
		"twice":               {number, []string{"1", "1"}, "appears more than once"},
		"number":              {number, []string{"200"}, ""},
		"too large":           {number, []string{"201"}, "must be at most 200"},
		"too large for int64": {number, []string{"99999999999999999999"}, "must be at most 200"},
		"too small":           {number, []string{"-99999999999999999999"}, "must be at least 1"},
		"not a number":        {number, []string{"canary"}, "must be a whole number"},
		"UUID":                {openapi3.NewUUIDSchema(), []string{"01890a5d-ac96-774b-bcce-b302099a8057"}, ""},
		"not a UUID":          {openapi3.NewUUIDSchema(), []string{"canary"}, "must be a UUID"},
		"time":                {openapi3.NewDateTimeSchema(), []string{"2030-03-01T00:00:00Z"}, ""},
		"not a day":           {openapi3.NewDateTimeSchema(), []string{"2030-02-30T00:00:00Z"}, "must be a time such as 2030-03-01T00:00:00Z"},
		"not a time":          {openapi3.NewDateTimeSchema(), []string{"canary"}, "must be a time such as 2030-03-01T00:00:00Z"},
		"flag":                {openapi3.NewBoolSchema(), []string{"true"}, ""},
		"not a flag":          {openapi3.NewBoolSchema(), []string{"canary"}, "must be true or false"},
		"too long":            {openapi3.NewStringSchema().WithMaxLength(5), []string{"canary"}, "must have at most 5 characters"},
		"empty":               {openapi3.NewStringSchema().WithMinLength(1), []string{""}, "must not be empty"},
		"pattern":             {openapi3.NewStringSchema().WithPattern("^a$"), []string{"canary"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkParameter(openapi3.NewQueryParameter("x").WithSchema(test.schema), test.values)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, "invalid_request: the parameter x "+test.want)
		})
	}
}

// A path parameter is checked as the generated code reads it.
func TestPathParametersAreDecoded(t *testing.T) {
	t.Parallel()
	c := echo.New().NewContext(nil, nil)
	c.SetParamNames("id")
	for escaped, want := range map[string]string{"a": "a", "a%2Db": "a-b", "%": "%"} {
		c.SetParamValues(escaped)
		require.Equal(t, []string{want}, valuesOf(c, openapi3.NewPathParameter("id")))
	}
}

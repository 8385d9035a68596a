package httpapi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api"
)

// testSchema is an object with one field for each kind of error.
func testSchema() *openapi3.Schema {
	closed := false
	schema := openapi3.NewObjectSchema().
		WithProperty("name", openapi3.NewStringSchema().WithMinLength(2).WithMaxLength(3)).
		WithProperty("count", openapi3.NewIntegerSchema().WithMin(1).WithMax(2592000)).
		WithProperty("until", openapi3.NewDateTimeSchema()).
		WithProperty("code", openapi3.NewStringSchema().WithPattern("^[0-9]+$")).
		WithProperty("kind", openapi3.NewStringSchema().WithEnum("a", "b")).
		WithProperty("list", openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema()).WithMinItems(1).WithMaxItems(2)).
		WithProperty("flag", openapi3.NewBoolSchema())
	schema.AdditionalProperties = openapi3.AdditionalProperties{Has: &closed}
	schema.Required = []string{"name"}
	return schema
}

func TestValidateJSON(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]*api.ProblemDetail{
		`{"name": "abc", "count": 9, "list": ["x"]}`: nil,
		`{}`:                                       {Pointer: "/name", Detail: "is required"},
		`{"name": "a"}`:                            {Pointer: "/name", Detail: "must have at least 2 characters"},
		`{"name": "abcd"}`:                         {Pointer: "/name", Detail: "must have at most 3 characters"},
		`{"name": 7}`:                              {Pointer: "/name", Detail: "must be a string"},
		`{"name": null}`:                           {Pointer: "/name", Detail: "must be a string"},
		`{"name": "abc", "count": 0}`:              {Pointer: "/count", Detail: "must be at least 1"},
		`{"name": "abc", "count": 2592001}`:        {Pointer: "/count", Detail: "must be at most 2592000"},
		`{"name": "abc", "until": "now"}`:          {Pointer: "/until", Detail: "must be a time such as 2030-03-01T00:00:00Z"},
		`{"name": "abc", "code": "x"}`:             nil, // the domain checks what a pattern describes
		`{"name": "abc", "kind": "c"}`:             {Pointer: "/kind", Detail: "must be one of: a, b"},
		`{"name": "abc", "list": [1]}`:             {Pointer: "/list/0", Detail: "must be a string"},
		`{"name": "abc", "list": "x"}`:             {Pointer: "/list", Detail: "must be a list"},
		`{"name": "abc", "list": []}`:              {Pointer: "/list", Detail: "must not be empty"},
		`{"name": "abc", "list": ["a", "b", "c"]}`: {Pointer: "/list", Detail: "must have at most 2 items"},
		`{"name": "abc", "count": 1.5}`:            {Pointer: "/count", Detail: "must be a whole number"},
		`{"name": "abc", "flag": "yes"}`:           {Pointer: "/flag", Detail: "must be true or false"},
		`[]`:                                       {Detail: "must be an object"},
		`{"name": "abc", "a/b~c": 1}`:              {Pointer: "/a~1b~0c", Detail: "is not a known field"},
		`{"name": "abc", "Name": "x"}`:             {Pointer: "/Name", Detail: "is not a known field"},
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			valid, err := validateJSON(strings.NewReader(body), testSchema())
			if want == nil {
				require.NoError(t, err)
				require.JSONEq(t, body, string(valid))
				return
			}
			require.ErrorIs(t, err, errInvalidBody)
			require.Equal(t, []api.ProblemDetail{*want}, problemDetails(err))
		})
	}
}

// What is passed on is what was validated: the last of two fields of the same name.
func TestValidateJSONEncodesAnew(t *testing.T) {
	t.Parallel()
	valid, err := validateJSON(strings.NewReader(`{"name": "abcd", "name": "ab"}`), testSchema())
	require.NoError(t, err)
	require.JSONEq(t, `{"name": "ab"}`, string(valid))
}

func TestValidateJSONListsFewErrors(t *testing.T) {
	t.Parallel()
	var fields []string
	for i := range 2 * maxDetails {
		fields = append(fields, fmt.Sprintf(`"x%d": 1`, i))
	}
	_, err := validateJSON(strings.NewReader("{"+strings.Join(fields, ",")+"}"), testSchema())
	require.Len(t, problemDetails(err), maxDetails)
}

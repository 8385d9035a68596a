package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

func spec(t *testing.T) *openapi3.T {
	t.Helper()
	contract, err := api.GetSpec()
	require.NoError(t, err)
	return contract
}

// eachOperation runs a subtest for every operation of the contract.
func eachOperation(t *testing.T, check func(t *testing.T, path string, op *openapi3.Operation)) {
	t.Helper()
	for path, item := range spec(t).Paths.Map() {
		for method, op := range item.Operations() {
			t.Run(method+" "+path, func(t *testing.T) {
				t.Parallel()
				check(t, path, op)
			})
		}
	}
}

// An operation that declares no security, or an invalid one, is an error at start.
func TestReadContractErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(op *openapi3.Operation)
		wantErr string
	}{
		"no security":           {func(op *openapi3.Operation) { op.Security = nil }, "has no security"},
		"roles without a token": {func(op *openapi3.Operation) { op.Security = &openapi3.SecurityRequirements{} }, "but no oauth2Password"},
		"roles are a string":    {func(op *openapi3.Operation) { op.Extensions["x-required-roles"] = "ROLE_ADMIN" }, "is not a list"},
		"empty list of roles":   {func(op *openapi3.Operation) { op.Extensions["x-required-roles"] = []any{} }, "is not a list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract := spec(t)
			c.change(contract.Paths.Value("/api/test/admin").Get)
			_, err := readContract(contract)
			require.ErrorContains(t, err, c.wantErr)
			require.ErrorContains(t, err, "/api/test/admin")
		})
	}
}

// Every operation needs a token, a client or nothing; scopes are declared; guarded operations
// describe the errors of the guard.
func TestEveryOperationIsGuarded(t *testing.T) {
	t.Parallel()
	all, err := readContract(spec(t))
	require.NoError(t, err)
	var ids []string
	for op := range maps.Values(all) {
		ids = append(ids, op.id)
	}
	scopes := spec(t).Components.SecuritySchemes["oauth2Password"].Value.Flows.Password.Scopes
	eachOperation(t, func(t *testing.T, path string, op *openapi3.Operation) {
		require.Contains(t, ids, op.OperationID)
		requires := func(scheme string) bool {
			return slices.ContainsFunc(*op.Security, func(r openapi3.SecurityRequirement) bool { _, ok := r[scheme]; return ok })
		}
		open, guarded := len(*op.Security) == 0, requires("oauth2Password")
		require.True(t, open || guarded || requires("clientBasic"), "%s: unknown security scheme", path)
		for _, requirement := range *op.Security {
			for _, scope := range requirement["oauth2Password"] {
				require.Contains(t, scopes, scope)
			}
			require.Empty(t, requirement["bearerAuth"], "an http scheme has no scopes (OpenAPI 3.0.3)")
		}
		if guarded {
			for _, status := range []int{400, 401, 403, 500, 503} {
				if op.Extensions["x-gateway"] == true && status == 400 {
					require.Nil(t, op.Responses.Status(status), "gateways do not understand %d", status)
					continue
				}
				require.NotNil(t, op.Responses.Status(status), "%d is not declared", status)
			}
		}
	})
}

// What code generators for other languages need.
func TestContractRules(t *testing.T) {
	t.Parallel()
	contract := spec(t)
	require.NoError(t, contract.Validate(t.Context(), openapi3.EnableExamplesValidation()))
	require.Equal(t, "3.0.3", contract.OpenAPI)
	require.Len(t, contract.Servers, 1)
	require.Equal(t, "/", contract.Servers[0].URL)
	flow := contract.Components.SecuritySchemes["oauth2Password"].Value.Flows.Password
	require.Equal(t, "/token", flow.TokenURL)
	require.Equal(t, "/token", flow.RefreshURL)
	require.Equal(t, "header", flow.Extensions["x-scalar-credentials-location"])
	for path := range contract.Paths.Map() {
		require.False(t, path != "/" && strings.HasSuffix(path, "/"), path)
	}
	require.Equal(t, "/token", firstPath(t), "documentation shows it first")
	for name, schema := range contract.Components.Schemas {
		require.False(t, schema.Value.Nullable, name)
		for member, property := range schema.Value.Properties {
			require.False(t, property.Value.Nullable, "%s.%s", name, member)
		}
	}
}

// firstPath returns the path that openapi.yaml describes first.
func firstPath(t *testing.T) string {
	t.Helper()
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(api.YAML, &document))
	_, members := membersOf(document.Content[0])
	paths, _ := membersOf(members["paths"])
	return paths[0]
}

func TestOperationRules(t *testing.T) {
	t.Parallel()
	ids := regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)
	eachOperation(t, func(t *testing.T, _ string, op *openapi3.Operation) {
		require.Regexp(t, ids, op.OperationID)
		require.Len(t, op.Tags, 1)
		require.NotEmpty(t, op.Summary)
		require.NotEmpty(t, op.Description)
		require.NotNil(t, op.Responses.Status(http.StatusInternalServerError))
		require.NotNil(t, op.Responses.Status(http.StatusMethodNotAllowed))
		if op.RequestBody != nil {
			require.True(t, op.RequestBody.Value.Required)
			require.Len(t, op.RequestBody.Value.Content, 1, "one media type: the generated code selects it by prefix")
			require.NotNil(t, op.Responses.Status(http.StatusBadRequest))
			require.NotNil(t, op.Responses.Status(http.StatusRequestEntityTooLarge))
			requireExamples(t, op.RequestBody.Value.Content)
			if media := op.RequestBody.Value.Content.Get(formType); media != nil {
				requireFlatForm(t, media.Schema)
			}
		}
		for status, response := range op.Responses.Map() {
			require.Equal(t, status == "204", len(response.Value.Content) == 0, status)
			require.NotNil(t, response.Value.Headers["X-Request-Id"], "%s does not declare X-Request-Id", status)
			requireNoEmails(t, response.Value.Content)
			requireExamples(t, response.Value.Content)
			if status == "429" || status == "503" {
				require.True(t, response.Value.Headers["Retry-After"].Value.Required)
			}
			if status == "401" {
				require.NotNil(t, response.Value.Headers["WWW-Authenticate"])
			}
		}
	})
}

// requireNoEmails requires that no member of a response has the format email: generated clients would
// refuse odd addresses that are stored.
func requireNoEmails(t *testing.T, content openapi3.Content) {
	t.Helper()
	for _, media := range content {
		for name, property := range media.Schema.Value.Properties {
			require.NotEqual(t, "email", property.Value.Format, name)
		}
	}
}

// Events can be listed by every action.
func TestActionsInContract(t *testing.T) {
	t.Parallel()
	var listed []audit.Action
	for _, action := range spec(t).Components.Schemas["AuditAction"].Value.Enum {
		listed = append(listed, audit.Action(fmt.Sprint(action)))
	}
	require.Equal(t, audit.Actions, listed)
}

// The contract lists the codes that are returned, and has an example of each.
func TestErrorCodesInContract(t *testing.T) {
	t.Parallel()
	components := spec(t).Components
	codes := func(docs []ErrorDoc) (codes []string) {
		for _, d := range docs {
			codes = append(codes, d.Code)
		}
		slices.Sort(codes)
		return slices.Compact(codes)
	}
	var listed []string
	for _, code := range components.Schemas["Problem"].Value.Properties["code"].Value.Extensions["x-extensible-enum"].([]any) { //nolint:forcetypeassert // else the test fails
		listed = append(listed, fmt.Sprint(code))
	}
	require.ElementsMatch(t, codes(ProblemDocs()), listed)
	listed = nil
	for _, code := range components.Schemas["OAuthError"].Value.Properties["error"].Value.Enum {
		listed = append(listed, fmt.Sprint(code))
	}
	require.ElementsMatch(t, codes(OAuthErrorDocs()), listed)

	shown := map[string][]any{} // statuses, by code
	for _, response := range components.Responses {
		for _, media := range response.Value.Content {
			for _, example := range media.Examples {
				value := example.Value.Value.(map[string]any) //nolint:forcetypeassert // else the test fails
				if code, ok := value["code"].(string); ok {
					shown[code] = append(shown[code], value["status"])
				}
			}
		}
	}
	for _, doc := range ProblemDocs() {
		require.Contains(t, shown, doc.Code, "the contract has no example of this error")
		require.EqualValues(t, doc.Status, shown[doc.Code][0], doc.Code)
	}
}

func requireExamples(t *testing.T, content openapi3.Content) {
	t.Helper()
	for name, media := range content {
		require.NotEmpty(t, media.Examples, name)
	}
}

// requireFlatForm requires what every generator can send as a form: strings without defaults.
func requireFlatForm(t *testing.T, schema *openapi3.SchemaRef) {
	t.Helper()
	require.NotEmpty(t, schema.Ref)
	require.True(t, schema.Value.Type.Is("object"))
	require.Empty(t, schema.Value.OneOf)
	require.Empty(t, schema.Value.AnyOf)
	require.Empty(t, schema.Value.AllOf)
	require.Nil(t, schema.Value.AdditionalProperties.Has)
	for name, property := range schema.Value.Properties {
		require.True(t, property.Value.Type.Is("string"), name)
		require.Nil(t, property.Value.Default, name)
		require.Contains(t, []string{"", "password"}, property.Value.Format, name)
	}
}

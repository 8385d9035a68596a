package httpapi

import (
	"go/constant"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/account"
)

func spec(t *testing.T) *openapi3.T {
	t.Helper()
	contract, err := api.GetSpec()
	require.NoError(t, err)
	return contract
}

// each calls check for every operation of the contract.
func each(t *testing.T, check func(t *testing.T, path string, op *openapi3.Operation)) {
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

// The contract is the guard: what says nothing of its security is refused.
func TestReadContractRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(op *openapi3.Operation)
		says   string
	}{
		"no security":           {func(op *openapi3.Operation) { op.Security = nil }, "has no security"},
		"roles without a guard": {func(op *openapi3.Operation) { op.Security = &openapi3.SecurityRequirements{} }, "but no oauth2Password"},
		"roles as a text":       {func(op *openapi3.Operation) { op.Extensions["x-required-roles"] = "ROLE_ADMIN" }, "is not a list"},
		"no roles in the list":  {func(op *openapi3.Operation) { op.Extensions["x-required-roles"] = []any{} }, "is not a list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract := spec(t)
			c.change(contract.Paths.Value("/api/test/admin").Get)
			_, err := readContract(contract)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "/api/test/admin")
		})
	}
}

// Every operation has a guard, or says that it needs none; every guard's scopes are known.
func TestEveryOperationIsGuarded(t *testing.T) {
	t.Parallel()
	all, err := readContract(spec(t))
	require.NoError(t, err)
	scopes := spec(t).Components.SecuritySchemes["oauth2Password"].Value.Flows.Password.Scopes
	each(t, func(t *testing.T, path string, op *openapi3.Operation) {
		known := slices.ContainsFunc(mapValues(all), func(o operation) bool { return o.id == op.OperationID })
		require.True(t, known)
		open := len(*op.Security) == 0
		client := slices.ContainsFunc(*op.Security, func(r openapi3.SecurityRequirement) bool { _, ok := r["clientBasic"]; return ok })
		guarded := slices.ContainsFunc(*op.Security, func(r openapi3.SecurityRequirement) bool { _, ok := r["oauth2Password"]; return ok })
		require.True(t, open || client || guarded, "%s: security names no known scheme", path)
		for _, requirement := range *op.Security {
			for _, scope := range requirement["oauth2Password"] {
				require.Contains(t, scopes, scope)
			}
			require.Empty(t, requirement["bearerAuth"], "an http scheme has no scopes (OpenAPI 3.0.3)")
		}
		if guarded {
			for _, status := range []int{400, 401, 403, 500, 503} {
				require.NotNil(t, op.Responses.Status(status), "%d is not described", status)
			}
		}
	})
}

func mapValues(all operations) []operation {
	var list []operation
	for _, o := range all {
		list = append(list, o)
	}
	return list
}

// What generators of other languages need.
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
		require.False(t, strings.HasSuffix(path, "/"), path)
	}
	for name, schema := range contract.Components.Schemas {
		require.False(t, schema.Value.Nullable, name)
		for member, property := range schema.Value.Properties {
			require.False(t, property.Value.Nullable, "%s.%s", name, member)
			require.NotEqual(t, "email", property.Value.Format, "%s.%s: an odd stored address would be a 500", name, member)
		}
	}
}

func TestOperationRules(t *testing.T) {
	t.Parallel()
	ids := regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)
	each(t, func(t *testing.T, _ string, op *openapi3.Operation) {
		require.Regexp(t, ids, op.OperationID)
		require.Len(t, op.Tags, 1)
		require.NotEmpty(t, op.Summary)
		require.NotNil(t, op.Responses.Status(http.StatusInternalServerError))
		if op.RequestBody != nil {
			require.True(t, op.RequestBody.Value.Required)
			require.Len(t, op.RequestBody.Value.Content, 1, "one media type: the generated code picks by prefix")
			require.NotNil(t, op.Responses.Status(http.StatusBadRequest))
			require.NotNil(t, op.Responses.Status(http.StatusRequestEntityTooLarge))
			exemplified(t, op.RequestBody.Value.Content)
			if media := op.RequestBody.Value.Content.Get(formType); media != nil {
				flatForm(t, media.Schema)
			}
		}
		for status, response := range op.Responses.Map() {
			require.Equal(t, status == "204", len(response.Value.Content) == 0, status)
			exemplified(t, response.Value.Content)
			if status == "429" || status == "503" {
				require.True(t, response.Value.Headers["Retry-After"].Value.Required)
			}
			if status == "401" {
				require.NotNil(t, response.Value.Headers["WWW-Authenticate"])
			}
		}
	})
}

func exemplified(t *testing.T, content openapi3.Content) {
	t.Helper()
	for name, media := range content {
		require.NotEmpty(t, media.Examples, name)
	}
}

// flatForm demands what every generator can send as a form: strings, without defaults.
func flatForm(t *testing.T, schema *openapi3.SchemaRef) {
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

// Every code of the domain has a status on purpose, not the 500 of what was forgotten.
func TestEveryCodeHasAStatus(t *testing.T) {
	t.Parallel()
	loader := importer.ForCompiler(token.NewFileSet(), "source", nil)
	seen := 0
	for _, room := range []string{"account", "oauth"} {
		pkg, err := loader.Import("github.com/latchkey-auth/latchkey/internal/" + room)
		require.NoError(t, err)
		for _, name := range pkg.Scope().Names() {
			c, ok := pkg.Scope().Lookup(name).(*types.Const)
			if !ok || !strings.HasSuffix(c.Type().String(), "account.Code") {
				continue
			}
			seen++
			code := account.Code(constant.StringVal(c.Val()))
			require.NotEqual(t, http.StatusInternalServerError, status(code), "%s.%s", room, name)
		}
	}
	require.Greater(t, seen, 20)
	require.Equal(t, http.StatusInternalServerError, status(serverError))
	require.Equal(t, http.StatusInternalServerError, status("of tomorrow"))
}

// The texts of errors fit RFC 6749 §5.2 and a quoted string: ASCII without quotes and backslashes.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	fits := regexp.MustCompile(`^[\x20\x21\x23-\x5b\x5d-\x7e]+$`)
	for _, err := range []*account.Error{
		errBodyTooLarge, errMediaType, errServer, errTokenRequired, account.ErrNotFound, account.ErrUsernameTaken,
		account.ErrEmailTaken, account.ErrUnknownRole, account.ErrUnavailable, account.ErrInvalidCredentials, account.Denied(1),
	} {
		require.Regexp(t, fits, err.Text)
	}
}

// A panic is server_error with the request id; its text and the stack stay in the log.
func TestPanic(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &Server{Options: Options{Issuer: "http://localhost", Log: slog.New(slog.NewTextHandler(&log, nil))}}
	e := echo.New()
	e.HTTPErrorHandler = s.writeError
	e.Use(requestID, s.logRequest(), commonHeaders, s.recoverPanic())
	broken := func(echo.Context) error { panic("canary in the cellar") }
	e.POST("/token", broken)
	e.GET("/api/users/me", broken)
	for _, c := range []struct{ method, path, body string }{
		{http.MethodPost, "/token", `{"error": "server_error", "error_description": "an unexpected fault; quote the request id"}`},
		{http.MethodGet, "/api/users/me", `{"type": "about:blank", "title": "Internal Server Error", "status": 500, "code": "server_error",
			"detail": "an unexpected fault; quote the request id", "instance": "/api/users/me", "request_id": "request-4711"}`},
	} {
		answer := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil)
		request.Header.Set(echo.HeaderXRequestID, "request-4711")
		e.ServeHTTP(answer, request)
		require.Equal(t, http.StatusInternalServerError, answer.Code)
		require.JSONEq(t, c.body, answer.Body.String())
		require.Equal(t, "request-4711", answer.Header().Get(echo.HeaderXRequestID))
		require.Equal(t, "no-store", answer.Header().Get(echo.HeaderCacheControl))
		require.Empty(t, answer.Header().Get(echo.HeaderWWWAuthenticate))
	}
	require.Contains(t, log.String(), "canary in the cellar")
	require.Contains(t, log.String(), "contract_test.go")
	require.Contains(t, log.String(), "request_id=request-4711")
}

// A replica that drains says so, with the time to come back.
func TestDraining(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	e, err := s.Handler()
	require.NoError(t, err)
	for _, want := range []int{http.StatusOK, http.StatusServiceUnavailable} {
		answer := httptest.NewRecorder()
		e.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		require.Equal(t, want, answer.Code)
		if want != http.StatusOK {
			require.Equal(t, "5", answer.Header().Get(echo.HeaderRetryAfter))
		}
		s.Drain()
	}
}

// What is served as the contract is the contract, byte for byte.
func TestServedContract(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	e, err := s.Handler()
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	e.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/openapi.yaml", nil))
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, string(api.YAML), string(text))
	answer = httptest.NewRecorder()
	e.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/openapi.json", nil))
	fromJSON, err := openapi3.NewLoader().LoadFromData(answer.Body.Bytes())
	require.NoError(t, err)
	fromYAML, err := openapi3.NewLoader().LoadFromData(text)
	require.NoError(t, err)
	require.Equal(t, fromYAML.Paths.Len(), fromJSON.Paths.Len())
}

// The example operations are not there where they are switched off, not even to be refused.
func TestDemoRoutesOff(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	e, err := s.Handler()
	require.NoError(t, err)
	for _, path := range []string{"/api/test/all", "/api/test/admin", "/api/auth/users/me/items"} {
		answer := httptest.NewRecorder()
		e.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, http.StatusNotFound, answer.Code, path)
		require.Empty(t, answer.Header().Get(echo.HeaderWWWAuthenticate))
	}
}

package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/httpapi/apitest"
	"github.com/latchkey-auth/latchkey/internal/httpapi/compat/codevoweb"
	"github.com/latchkey-auth/latchkey/internal/httpapi/compat/fastapiusers"
	"github.com/latchkey-auth/latchkey/internal/httpapi/compat/pycharm"
)

// profiles are all compatibility profiles. Their vectors are in the directory of their name.
var profiles = []httpapi.Profile{codevoweb.Profile(), fastapiusers.Profile(), pycharm.Profile()}

// profileSpec returns the contract of a profile.
func profileSpec(t *testing.T, p httpapi.Profile) *openapi3.T {
	t.Helper()
	raw, err := p.Contract()
	require.NoError(t, err)
	spec, err := openapi3.NewLoader().LoadFromData(raw)
	require.NoError(t, err)
	return spec
}

// Malformed requests to the routes of a profile reach neither the stores nor the password hasher.
func TestMalformedProfileRequestsCostNothing(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		o := options()
		o.Profiles = []httpapi.Profile{p}
		cases, err := apitest.Load("testdata/" + p.Name)
		require.NoError(t, err)
		cases = slices.DeleteFunc(cases, func(c apitest.Case) bool { return !c.NoCost })
		require.Greater(t, len(cases), 10)
		server := apitest.Server{URL: start(t, o), Profiles: []*openapi3.T{profileSpec(t, p)}, Value: func(name string) string {
			require.Equal(t, "issuer", name)
			return issuer
		}}
		apitest.Run(t, server, cases)
	}
}

// Profiles follow the rules of the main contract, and have their own tag.
func TestProfileContracts(t *testing.T) {
	t.Parallel()
	scopes := []string{"profile", "users:read", "users:write"}
	for _, p := range profiles {
		spec := profileSpec(t, p)
		require.NoError(t, spec.Validate(t.Context(), openapi3.EnableExamplesValidation()))
		require.Equal(t, "3.0.3", spec.OpenAPI)
		for path, item := range spec.Paths.Map() {
			for method, op := range item.Operations() {
				require.Equal(t, []string{p.Name}, op.Tags, path)
				require.NotEmpty(t, op.Summary, path)
				require.NotNil(t, op.Responses.Default(), path)
				require.NotNil(t, op.Security, path)
				for _, alternative := range *op.Security {
					require.Subset(t, scopes, alternative["oauth2Password"])
				}
				if unless := op.Extensions["x-main-unless"]; unless != nil {
					require.Equal(t, http.MethodPost, method)
				}
			}
		}
	}
}

// With all profiles on, their contracts are served, the main one is unchanged, and Swagger UI shows all
// operations. With none, nothing of them is there.
func TestProfilesServed(t *testing.T) {
	t.Parallel()
	get := func(url string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		got, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = got.Body.Close() }()
		body, err := io.ReadAll(got.Body)
		require.NoError(t, err)
		return got.StatusCode, string(body)
	}
	off := start(t, options())
	o := options()
	o.Profiles = profiles
	on := start(t, o)
	_, mainOff := get(off + "/openapi.json")
	_, mainOn := get(on + "/openapi.json")
	require.Equal(t, mainOff, mainOn)
	_, docs := get(on + "/docs")
	require.Contains(t, docs, "/docs/openapi.json")
	_, docs = get(off + "/docs")
	require.NotContains(t, docs, "/docs/openapi.json")

	status, text := get(on + "/docs/openapi.json")
	require.Equal(t, http.StatusOK, status)
	merged, err := openapi3.NewLoader().LoadFromData([]byte(text))
	require.NoError(t, err)
	require.NoError(t, merged.Validate(t.Context()))
	for _, p := range profiles {
		status, text := get(on + "/openapi/" + p.Name + ".json")
		require.Equal(t, http.StatusOK, status)
		want, err := p.Contract()
		require.NoError(t, err)
		require.JSONEq(t, string(want), strings.ReplaceAll(strings.ReplaceAll(text, `"url":"`+o.Issuer+`"`, `"url":"/"`), o.Issuer, ""))
		status, _ = get(off + "/openapi/" + p.Name + ".json")
		require.Equal(t, http.StatusNotFound, status)
		for path, item := range profileSpec(t, p).Paths.Map() {
			for method := range item.Operations() {
				require.Contains(t, merged.Paths.Value(path).GetOperation(method).Tags, p.Name, path)
			}
		}
		require.NotNil(t, merged.Tags.Get(p.Name))
	}
	login := merged.Paths.Value("/api/auth/login").Post
	require.Equal(t, []string{"browser", "codevoweb"}, login.Tags)
	require.Equal(t, "login", login.OperationID)
}

// Two profiles cannot have the same route.
func TestProfilesCollide(t *testing.T) {
	t.Parallel()
	o := options()
	o.Profiles = []httpapi.Profile{pycharm.Profile(), pycharm.Profile()}
	server, err := httpapi.New(o)
	require.NoError(t, err)
	_, err = server.Handler()
	require.ErrorContains(t, err, "both have")
}

var profileOrigins = map[string]struct {
	site, origin, requestedWith string
	get, post                   bool // allowed
}{
	"same origin":                       {site: "same-origin", origin: "https://auth.example.com", get: true, post: true},
	"same origin, only Sec-Fetch-Site":  {site: "same-origin", get: true, post: true},
	"same origin, only Origin":          {origin: "https://auth.example.com", get: true, post: true},
	"same site, only Sec-Fetch-Site":    {site: "same-site", get: true},
	"allowed origin":                    {site: "cross-site", origin: frontEnd, get: true, post: true},
	"allowed origin, only Origin":       {origin: frontEnd, get: true, post: true},
	"no browser, with X-Requested-With": {requestedWith: "fetch", post: true},
	"typed address":                     {site: "none"},
	"nothing":                           {},
	"link or image of another site":     {site: "cross-site"},
	"another site":                      {site: "cross-site", origin: "https://evil.example"},
	"another site, only Origin":         {origin: "https://evil.example"},
	"another site, X-Requested-With":    {site: "cross-site", requestedWith: "XMLHttpRequest"},
	"same site, origin not allowed":     {site: "same-site", origin: "https://blog.example.com"},
	"null origin":                       {site: "cross-site", origin: "null", requestedWith: "fetch"},
}

// No request that another site makes a browser send changes anything by the cookies of a profile.
func TestProfileCrossOriginRequests(t *testing.T) {
	t.Parallel()
	o := oneOrigin()
	o.Profiles = profiles
	url := start(t, o)
	body := `{"email": "a@example.com", "password": ""}` // invalid, so that an allowed request costs nothing
	for name, c := range profileOrigins {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for route, allowed := range map[string]bool{
				"GET /api/auth/refresh": c.get, "GET /api/auth/logout": c.get, "POST /api/auth/login": c.post,
			} {
				if name == "typed address" && strings.HasPrefix(route, "POST") {
					continue // no browser sends that
				}
				method, path, _ := strings.Cut(route, " ")
				r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
				require.NoError(t, err)
				r.Header.Set("Cookie", "access_token=a; refresh_token=rt_a")
				r.Header.Set("Content-Type", echo.MIMEApplicationJSON)
				for header, value := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin, "X-Requested-With": c.requestedWith} {
					if value != "" {
						r.Header.Set(header, value)
					}
				}
				got, err := http.DefaultClient.Do(r)
				require.NoError(t, err)
				var failure struct{ Status, Code string }
				require.NoError(t, json.NewDecoder(got.Body).Decode(&failure))
				require.NoError(t, got.Body.Close())
				require.Less(t, got.StatusCode, http.StatusInternalServerError, route)
				require.Equal(t, !allowed, failure.Code == "cross_origin", "%s: %d %+v", route, got.StatusCode, failure)
				if !allowed {
					require.Equal(t, http.StatusForbidden, got.StatusCode)
					require.Empty(t, got.Header.Values("Set-Cookie"))
				}
			}
			// The main routes do not know the cookies.
			r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, url+"/api/auth/users/me/sessions", nil)
			require.NoError(t, err)
			r.Header.Set("Cookie", "access_token=a; refresh_token=rt_a")
			got, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, got.Body.Close())
			require.Equal(t, http.StatusUnauthorized, got.StatusCode)
		})
	}
}

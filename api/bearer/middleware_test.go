package bearer_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api/bearer"
)

// The responses of RFC 6750 §3.
func TestRequire(t *testing.T) {
	t.Parallel()
	s := newService()
	v := s.verifier(t)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, ok := bearer.FromContext(r.Context())
		if ok {
			w.Header().Set("X-Subject", identity.Subject)
		}
	})
	const realm = `Bearer realm="` + issuer + `"`
	for name, c := range map[string]struct {
		rules         []bearer.Rule
		authorization []string
		status        int
		challenge     string
	}{
		"valid":                   {nil, []string{"Bearer " + validToken()}, 200, ""},
		"lower case, many spaces": {nil, []string{"bearer   " + validToken()}, 200, ""},
		"scopes and a role": {
			[]bearer.Rule{bearer.Scope("profile", "reports:read"), bearer.AnyRole("ROLE_ADMIN", "ROLE_USER")},
			[]string{"Bearer " + validToken()}, 200, ""},
		"no token":       {nil, nil, 401, realm},
		"another scheme": {nil, []string{"Basic YTpi"}, 401, realm},
		"scheme only":    {nil, []string{"Bearer"}, 401, realm + `, error="invalid_token", error_description="the access token is not valid"`},
		"junk":           {nil, []string{"Bearer x"}, 401, realm + `, error="invalid_token", error_description="the access token is not valid"`},
		"two headers": {nil, []string{"Bearer " + validToken(), "Bearer " + validToken()}, 400,
			realm + `, error="invalid_request", error_description="more than one Authorization header"`},
		"scope is missing": {[]bearer.Rule{bearer.Scope("profile", "reports:write")}, []string{"Bearer " + validToken()}, 403,
			realm + `, error="insufficient_scope", error_description="this operation needs the scope: profile reports:write", scope="profile reports:write"`},
		"role is missing": {[]bearer.Rule{bearer.AnyRole("ROLE_ADMIN")}, []string{"Bearer " + validToken()}, 403,
			realm + `, error="insufficient_scope", error_description="this operation needs one of the roles: ROLE_ADMIN"`},
		"no token where a role is needed": {[]bearer.Rule{bearer.AnyRole("ROLE_ADMIN")}, nil, 401, realm},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			for _, value := range c.authorization {
				r.Header.Add("Authorization", value)
			}
			w := httptest.NewRecorder()
			v.Require(c.rules...)(handler).ServeHTTP(w, r)
			require.Equal(t, c.status, w.Code)
			require.Equal(t, c.challenge, w.Header().Get("WWW-Authenticate"))
			if c.status == 200 {
				require.Equal(t, "alice", w.Header().Get("X-Subject"))
				return
			}
			require.Empty(t, w.Header().Get("X-Subject"))
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			var problem struct{ Status int }
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &problem))
			require.Equal(t, c.status, problem.Status)
		})
	}
}

// While there are no keys, the response says when to try again, and has no challenge: the token may be valid.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	s := newService()
	s.down = errDown
	v := s.verifier(t)
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+validToken())
	v.Require()(http.NotFoundHandler()).ServeHTTP(w, r)
	require.Equal(t, 503, w.Code)
	require.Equal(t, "2", w.Header().Get("Retry-After"))
	require.Empty(t, w.Header().Get("WWW-Authenticate"))
	require.NotContains(t, w.Body.String(), errDown.Error())
}

func TestErrorHandler(t *testing.T) {
	t.Parallel()
	v := newService().verifier(t, func(c *bearer.Config) {
		c.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err *bearer.Error) {
			http.Error(w, err.Description, err.Status)
		}
	})
	w := httptest.NewRecorder()
	v.Require()(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	require.Equal(t, 401, w.Code)
	require.Equal(t, `Bearer realm="`+issuer+`"`, w.Header().Get("WWW-Authenticate"))
	require.Equal(t, "an access token is required; send it in the Authorization header\n", w.Body.String())
}

// A rule without a name would let everybody pass, or nobody.
func TestRulesNeedNames(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { bearer.Scope() })
	require.Panics(t, func() { bearer.AnyRole("") })
}

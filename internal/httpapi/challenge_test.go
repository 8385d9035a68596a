package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func TestChallenge(t *testing.T) {
	t.Parallel()
	s := &Server{Options: Options{Issuer: "https://id.example"}}
	lacking := *fault.Errorf(fault.InsufficientScope, "text")
	lacking.Scope = "users:read"
	for name, c := range map[string]struct {
		path   string
		err    *fault.Error
		script bool // X-Requested-With: XMLHttpRequest
		form   string
		basic  bool // with an Authorization header
		want   string
	}{
		"no token":                         {path: "/userinfo", err: errTokenRequired, want: `Bearer realm="https://id.example"`},
		"invalid token":                    {path: "/userinfo", err: fault.Errorf(oauth.InvalidToken, "text"), want: `Bearer realm="https://id.example", error="invalid_token", error_description="text"`},
		"missing role":                     {path: "/userinfo", err: fault.Errorf(fault.InsufficientScope, "text"), want: `Bearer realm="https://id.example", error="insufficient_scope", error_description="text"`},
		"missing scope":                    {path: "/userinfo", err: &lacking, want: `Bearer realm="https://id.example", error="insufficient_scope", error_description="text", scope="users:read"`},
		"client":                           {path: "/token", err: fault.Errorf(oauth.InvalidClient, "text"), want: `Basic realm="https://id.example", charset="UTF-8"`},
		"client, to a script":              {path: "/token", err: fault.Errorf(oauth.InvalidClient, "text"), script: true},
		"client in the body":               {path: "/token", err: fault.Errorf(oauth.InvalidClient, "text"), form: "web"},
		"client in both places":            {path: "/token", err: fault.Errorf(oauth.InvalidClient, "text"), form: "web", basic: true, want: `Basic realm="https://id.example", charset="UTF-8"`},
		"client outside OAuth":             {path: "/api/auth/signin", err: fault.Errorf(oauth.InvalidClient, "text"), want: `Bearer realm="https://id.example"`},
		"none for an invalid request":      {path: "/token", err: fault.Errorf(fault.InvalidRequest, "text")},
		"none for a wrong password, OAuth": {path: "/token", err: fault.Errorf(oauth.InvalidGrant, "text")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path, nil)
			if c.form != "" {
				r.PostForm = url.Values{"client_id": {c.form}}
			}
			if c.basic {
				r.SetBasicAuth("web", "wrong")
			}
			if c.script {
				r.Header.Set("X-Requested-With", "XMLHttpRequest")
			}
			require.Equal(t, c.want, s.challenge(c.err, r))
		})
	}
}

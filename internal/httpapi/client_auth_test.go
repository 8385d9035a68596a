package httpapi

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// basicAuth returns the header value for the text id:secret.
func basicAuth(text string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(text))
}

func TestReadClientAuth(t *testing.T) {
	t.Parallel()
	one := func(id, secret string) oauth.Credentials {
		return oauth.Credentials{Pairs: []oauth.Pair{{ID: id, Secret: secret}}}
	}
	unsupported := oauth.Credentials{Unsupported: true}
	for name, c := range map[string]struct {
		headers []string
		form    string
		want    oauth.Credentials
		invalid bool // invalid_request
	}{
		"nothing":                      {},
		"empty Basic":                  {headers: []string{basicAuth(":")}},
		"Basic":                        {headers: []string{basicAuth("web:secret")}, want: one("web", "secret")},
		"Basic without a secret":       {headers: []string{basicAuth("spa:")}, want: one("spa", "")},
		"Basic with a colon in secret": {headers: []string{basicAuth("web:a:b")}, want: one("web", "a:b")},
		"Basic, form-encoded or raw": {
			headers: []string{basicAuth("web:a%20b")},
			want:    oauth.Credentials{Pairs: []oauth.Pair{{ID: "web", Secret: "a b"}, {ID: "web", Secret: "a%20b"}}},
		},
		"Basic, invalid escape is raw":      {headers: []string{basicAuth("web:s%x")}, want: one("web", "s%x")},
		"Basic that is not base64":          {headers: []string{"Basic !"}, want: unsupported},
		"Basic without a colon":             {headers: []string{basicAuth("web")}, want: unsupported},
		"another scheme":                    {headers: []string{"Bearer a"}, want: unsupported},
		"two headers":                       {headers: []string{basicAuth("web:a"), basicAuth("web:a")}, invalid: true},
		"form":                              {form: "client_id=web&client_secret=secret", want: one("web", "secret")},
		"form without a secret":             {form: "client_id=spa", want: one("spa", "")},
		"form without an id":                {form: "client_secret=secret", invalid: true},
		"form with an assertion":            {form: "client_id=web&client_assertion=x", want: unsupported},
		"empty Basic, form":                 {headers: []string{basicAuth(":")}, form: "client_id=web&client_secret=secret", want: one("web", "secret")},
		"Basic, same id in form":            {headers: []string{basicAuth("web:secret")}, form: "client_id=web", want: one("web", "secret")},
		"Basic, another id in form":         {headers: []string{basicAuth("web:secret")}, form: "client_id=spa", invalid: true},
		"Basic, second secret in form":      {headers: []string{basicAuth("web:secret")}, form: "client_secret=secret", invalid: true},
		"Basic without secret, one in form": {headers: []string{basicAuth("web:")}, form: "client_secret=secret", want: one("web", "secret")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form, err := url.ParseQuery(c.form)
			require.NoError(t, err)
			got, err := readClientAuth(http.Header{"Authorization": c.headers}, form)
			if c.invalid {
				require.ErrorIs(t, err, fault.Errorf(fault.InvalidRequest, ""))
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

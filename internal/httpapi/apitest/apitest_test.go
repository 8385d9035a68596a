package apitest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const file = `# a comment
> POST /token
> Content-Type: text/plain
> X-Common: a
< Cache-Control: no-store
< !WWW-Authenticate

== one
cost: none
> X-Common: b
> X-Common: c
> !Content-Type
> a={x*3}{0xff}
> &b={basic i:s}
< 400
< WWW-Authenticate: Basic *
< {"error": "*",
<  "n": 1}

== two
> GET /other
< 204
`

func TestParse(t *testing.T) {
	t.Parallel()
	cases, err := parse("x.txt", file)
	require.NoError(t, err)
	require.Len(t, cases, 2)
	require.Equal(t, Case{
		Name: "one", File: "x.txt", Free: true, Method: "POST", Target: "/token",
		Header: http.Header{"X-Common": {"b", "c"}}, Body: "a=xxx\xff&b=Basic aTpz",
		Status: 400, Want: map[string]string{"Cache-Control": "no-store", "Www-Authenticate": "Basic *"}, JSON: `{"error": "*", "n": 1}`,
	}, cases[0])
	require.Equal(t, Case{
		Name: "two", File: "x.txt", Method: "GET", Target: "/other",
		Header: http.Header{"Content-Type": {"text/plain"}, "X-Common": {"a"}},
		Status: 204, Want: map[string]string{"Cache-Control": "no-store"}, Absent: []string{"Www-Authenticate"},
	}, cases[1])
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no status":       "== a\n> GET /\n",
		"no request line": "== a\n< 200\n",
		"a name twice":    "> GET /\n< 200\n== a\n== a\n",
		"another line":    "== a\nfree: yes\n> GET /\n< 200\n",
		"another value":   "== a\ncost: some\n> GET /\n< 200\n",
	} {
		_, err := parse("x.txt", text)
		require.Error(t, err, name)
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want, got string
		no        bool
	}{
		"the same":        {want: `{"a": [1, true, "x"]}`, got: `{"a": [1, true, "x"]}`},
		"a pattern":       {want: `{"a": "20*Z"}`, got: `{"a": "2026Z"}`},
		"anything":        {want: `{"a": "*"}`, got: `{"a": 7}`},
		"nothing":         {want: `{"a": "*"}`, got: `{"a": ""}`, no: true},
		"null":            {want: `{"a": "*"}`, got: `{"a": null}`, no: true},
		"a member more":   {want: `{"a": 1}`, got: `{"a": 1, "b": 2}`, no: true},
		"a member less":   {want: `{"a": 1, "b": 2}`, got: `{"a": 1}`, no: true},
		"another member":  {want: `{"a": 1}`, got: `{"b": 1}`, no: true},
		"an item more":    {want: `[1]`, got: `[1, 2]`, no: true},
		"another value":   {want: `{"a": {"b": 1}}`, got: `{"a": {"b": 2}}`, no: true},
		"a dot is a dot":  {want: `"a.b"`, got: `"axb"`, no: true},
		"text, no object": {want: `{"a": 1}`, got: `"a"`, no: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := decode([]byte(c.want))
			require.NoError(t, err)
			got, err := decode([]byte(c.got))
			require.NoError(t, err)
			require.Equal(t, c.no, fits(want, got, "") != nil)
		})
	}
}

// fixed answers everything alike.
type fixed struct {
	status int
	header string
	body   string
}

func (f fixed) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: f.status, Body: io.NopCloser(strings.NewReader(f.body)), Header: http.Header{
		"Content-Type": {f.header}, "X-Request-Id": {"x"}, "X-Content-Type-Options": {"nosniff"}}}, nil
}

// The check of the contract can fail.
func TestContract(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path string
		fixed
		says string
	}{
		"as described":         {"/healthz", fixed{200, "application/json", `{"status": "ok"}`}, ""},
		"a member is missing":  {"/healthz", fixed{200, "application/json", `{}`}, "status"},
		"another media type":   {"/healthz", fixed{200, "text/plain", `ok`}, "text/plain"},
		"another status":       {"/healthz", fixed{201, "application/json", `{"status": "ok"}`}, "status is not supported"},
		"a header is missing":  {"/.well-known/jwks.json", fixed{200, "application/json", `{"keys": []}`}, "Cache-Control"},
		"nowhere":              {"/nothing", fixed{404, "text/plain", `not here`}, "media type"},
		"nowhere, but content": {"/nothing", fixed{200, "application/json", `{}`}, "no such operation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract, err := NewContract(c.fixed)
			require.NoError(t, err)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+c.path, nil)
			require.NoError(t, err)
			response, err := contract.RoundTrip(r)
			if c.says == "" {
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				return
			}
			require.ErrorContains(t, err, c.says)
		})
	}
}

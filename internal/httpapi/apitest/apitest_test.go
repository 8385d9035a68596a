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
		Name: "one", File: "x.txt", NoCost: true, Method: "POST", Target: "/token",
		Header: http.Header{"X-Common": {"b", "c"}}, Body: "a=xxx\xff&b=Basic aTpz",
		Status: 400, WantHeader: map[string]string{"Cache-Control": "no-store", "Www-Authenticate": "Basic *"}, WantJSON: `{"error": "*", "n": 1}`,
	}, cases[0])
	require.Equal(t, Case{
		Name: "two", File: "x.txt", Method: "GET", Target: "/other",
		Header: http.Header{"Content-Type": {"text/plain"}, "X-Common": {"a"}},
		Status: 204, WantHeader: map[string]string{"Cache-Control": "no-store"}, NoHeader: []string{"Www-Authenticate"},
	}, cases[1])
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no status":         "== a\n> GET /\n",
		"no request line":   "== a\n< 200\n",
		"duplicate name":    "> GET /\n< 200\n== a\n== a\n",
		"unknown directive": "== a\nfree: yes\n> GET /\n< 200\n",
		"unknown value":     "== a\ncost: some\n> GET /\n< 200\n",
	} {
		_, err := parse("x.txt", text)
		require.Error(t, err, name)
	}
}

func TestMatchJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want, got string
		differs   bool
	}{
		"equal":                  {want: `{"a": [1, true, "x"]}`, got: `{"a": [1, true, "x"]}`},
		"a pattern":              {want: `{"a": "20*Z"}`, got: `{"a": "2026Z"}`},
		"a pattern for a number": {want: `{"a": "12*"}`, got: `{"a": 1209600}`},
		"any value":              {want: `{"a": "*"}`, got: `{"a": 7}`},
		"empty string":           {want: `{"a": "*"}`, got: `{"a": ""}`, differs: true},
		"null":                   {want: `{"a": "*"}`, got: `{"a": null}`, differs: true},
		"a large number":         {want: `{"a": 1209600}`, got: `{"a": 1209600}`},
		"another number":         {want: `{"a": 1209600}`, got: `{"a": 1209599}`, differs: true},
		"low end of a range":     {want: `{"a": "8..12"}`, got: `{"a": 8}`},
		"high end of a range":    {want: `{"a": "8..12"}`, got: `{"a": 12}`},
		"below a range":          {want: `{"a": "8..12"}`, got: `{"a": 7}`, differs: true},
		"above a range":          {want: `{"a": "8..12"}`, got: `{"a": 13}`, differs: true},
		"a string in a range":    {want: `{"a": "8..12"}`, got: `{"a": "9"}`, differs: true},
		"a fraction in a range":  {want: `{"a": "8..12"}`, got: `{"a": 9.5}`, differs: true},
		"an additional member":   {want: `{"a": 1}`, got: `{"a": 1, "b": 2}`, differs: true},
		"a missing member":       {want: `{"a": 1, "b": 2}`, got: `{"a": 1}`, differs: true},
		"another member":         {want: `{"a": 1}`, got: `{"b": 1}`, differs: true},
		"an additional item":     {want: `[1]`, got: `[1, 2]`, differs: true},
		"a nested value":         {want: `{"a": {"b": 1}}`, got: `{"a": {"b": 2}}`, differs: true},
		"a dot is no wildcard":   {want: `"a.b"`, got: `"axb"`, differs: true},
		"a string for an object": {want: `{"a": 1}`, got: `"a"`, differs: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := decode([]byte(c.want))
			require.NoError(t, err)
			got, err := decode([]byte(c.got))
			require.NoError(t, err)
			require.Equal(t, c.differs, matchJSON(want, got, "body") != nil)
		})
	}
}

// fixedResponse is a transport that returns the same response to every request.
type fixedResponse struct {
	status int
	header string
	body   string
}

func (f fixedResponse) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: f.status, Body: io.NopCloser(strings.NewReader(f.body)), Header: http.Header{
		"Content-Type": {f.header}, "X-Request-Id": {"request-1"}, "X-Content-Type-Options": {"nosniff"}}}, nil
}

// An invalid response is an error.
func TestContract(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path string
		fixedResponse
		wantErr string
	}{
		"valid":                      {"/healthz", fixedResponse{200, "application/json", `{"status": "ok"}`}, ""},
		"missing member":             {"/healthz", fixedResponse{200, "application/json", `{}`}, "status"},
		"wrong media type":           {"/healthz", fixedResponse{200, "text/plain", `ok`}, "text/plain"},
		"wrong status":               {"/healthz", fixedResponse{201, "application/json", `{"status": "ok"}`}, "status is not supported"},
		"missing header":             {"/.well-known/jwks.json", fixedResponse{200, "application/json", `{"keys": []}`}, "Cache-Control"},
		"unknown path":               {"/nothing", fixedResponse{404, "text/plain", `not found`}, "media type"},
		"content at an unknown path": {"/nothing", fixedResponse{200, "application/json", `{}`}, "no such operation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract, err := NewContract(c.fixedResponse)
			require.NoError(t, err)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+c.path, nil)
			require.NoError(t, err)
			response, err := contract.RoundTrip(r)
			if c.wantErr == "" {
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				return
			}
			require.ErrorContains(t, err, c.wantErr)
		})
	}
}

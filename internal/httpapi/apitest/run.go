package apitest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Server is what the vectors run against.
type Server struct {
	URL   string
	Value func(name string) string // gives the {$name}s
}

// Run runs the cases as parallel sub-tests, each under an address of its own.
func Run(t *testing.T, server Server, cases []Case) {
	t.Helper()
	verbatim, err := NewContract(Verbatim{})
	require.NoError(t, err)
	second, err := NewContract(http2)
	require.NoError(t, err)
	for _, c := range cases {
		t.Run(strings.TrimSuffix(c.File, ".txt")+"/"+c.Name, func(t *testing.T) {
			t.Parallel()
			transport := verbatim
			if c.Proto == "2" {
				transport = second
			}
			c.run(t, server, transport)
		})
	}
}

func (c Case) run(t *testing.T, server Server, transport http.RoundTripper) {
	t.Helper()
	request, err := c.build(t, server)
	require.NoError(t, err)
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	require.Equal(t, c.Status, response.StatusCode, "%s", body)
	for name, pattern := range c.Want {
		values := response.Header.Values(name)
		require.Len(t, values, 1, "header %s: %q", name, values)
		require.True(t, match(server.fill(pattern), values[0]), "header %s: %q is not %q", name, values[0], pattern)
	}
	for _, name := range c.Absent {
		require.Empty(t, response.Header.Values(name), "header %s", name)
	}
	c.judgeBody(t, server, body)
}

func (c Case) judgeBody(t *testing.T, server Server, body []byte) {
	t.Helper()
	if c.JSON == "" {
		require.Empty(t, string(body))
		return
	}
	want, err := decode([]byte(server.fill(c.JSON)))
	require.NoError(t, err, "the vector itself")
	got, err := decode(body)
	require.NoError(t, err, "%s", body)
	require.NoError(t, fits(want, got, ""), "%s", body)
}

var lastAddress atomic.Uint32

// address gives every case a caller of its own, so that limits of an address hold none of them up.
func address() string {
	n := lastAddress.Add(1)
	return fmt.Sprintf("198.%d.%d.%d", 18+n>>16&1, n>>8&0xff, n&0xff) // RFC 2544 appendix C.2.2
}

func (c Case) build(t *testing.T, server Server) (*http.Request, error) {
	t.Helper()
	base, err := url.Parse(server.URL)
	if err != nil {
		return nil, err
	}
	target := server.fill(c.Target)
	path, query, _ := strings.Cut(target, "?")
	request := (&http.Request{
		Method: c.Method, URL: &url.URL{Scheme: base.Scheme, Host: base.Host, RawQuery: query},
		RequestURI: target, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
	}).WithContext(t.Context())
	if request.URL.Path, err = url.PathUnescape(path); err != nil {
		return nil, err
	}
	if c.Proto == "2" { // which net/http writes, and wants no target beside the URL
		request.RequestURI = ""
	}
	for name, values := range c.Header {
		for _, value := range values {
			request.Header.Add(name, server.fill(value))
		}
	}
	request.Host = request.Header.Get("Host")
	request.Header.Del("Host")
	if request.Header.Get("X-Forwarded-For") == "" {
		request.Header.Set("X-Forwarded-For", address())
	}
	c.frame(request, server.fill(c.Body))
	return request, nil
}

func (c Case) frame(request *http.Request, body string) {
	if body != "" {
		request.Body = io.NopCloser(strings.NewReader(body))
		request.ContentLength = int64(len(body))
	}
	switch c.Frame {
	case "chunked":
		request.TransferEncoding = []string{"chunked"}
	case "short":
		request.ContentLength = -1
	}
	if c.Proto == "1.0" {
		request.ProtoMinor = 0
	}
}

var placeholder = regexp.MustCompile(`\{\$([a-z.:_@~-]+)\}`)

// fill puts the server's values in.
func (s Server) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		return s.Value(placeholder.FindStringSubmatch(found)[1])
	})
}

// match says whether a text fits a pattern with * for anything. A pattern of * alone wants some text.
func match(pattern, text string) bool {
	if pattern == "*" {
		return text != ""
	}
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*") + `$`).MatchString(text)
}

// fits says where a JSON value is not what a vector wants. Objects have exactly the members that
// are named.
func fits(want, got any, at string) error {
	different := fmt.Errorf("%s is %v, not %v", "body"+at, got, want)
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok || len(object) != len(want) {
			return different
		}
		for name, value := range want {
			if _, there := object[name]; !there {
				return different
			}
			if err := fits(value, object[name], at+"."+name); err != nil {
				return err
			}
		}
		return nil
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return different
		}
		for i := range want {
			if err := fits(want[i], list[i], fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
		return nil
	case string:
		if got == nil || !match(want, fmt.Sprint(got)) {
			return different
		}
		return nil
	default:
		if want != got {
			return different
		}
		return nil
	}
}

func decode(text []byte) (any, error) {
	var value any
	err := json.Unmarshal(text, &value)
	return value, err
}

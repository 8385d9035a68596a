package apitest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// Server is the server that the vectors run against.
type Server struct {
	URL   string
	Value func(name string) string // returns the value of {$name}

	Profiles []*openapi3.T // contracts of the compatibility profiles that are on
}

// Run runs the cases as parallel subtests, each from an IP address of its own.
func Run(t *testing.T, server Server, cases []Case) {
	t.Helper()
	http1, err := NewContract(Verbatim{}, server.Profiles...)
	require.NoError(t, err)
	http2, err := NewContract(http2Transport(), server.Profiles...)
	require.NoError(t, err)
	for _, c := range cases {
		t.Run(strings.TrimSuffix(c.File, ".txt")+"/"+c.Name, func(t *testing.T) {
			t.Parallel()
			transport := http1
			if c.Proto == "2" {
				transport = http2
			}
			c.run(t, server, transport)
		})
	}
}

func (c Case) run(t *testing.T, server Server, transport http.RoundTripper) {
	t.Helper()
	request, err := c.newRequest(t, server)
	require.NoError(t, err)
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	require.Equal(t, c.Status, response.StatusCode, "%s", body)
	for name, pattern := range c.WantHeader {
		values, patterns := response.Header.Values(name), strings.Split(server.fill(pattern), "\n")
		require.Len(t, values, len(patterns), "header %s: %q", name, values)
		for i, value := range values {
			require.True(t, matchText(patterns[i], value), "header %s: %q, want %q", name, value, patterns[i])
		}
	}
	for _, name := range c.NoHeader {
		require.Empty(t, response.Header.Values(name), "header %s", name)
	}
	c.checkBody(t, server, body)
}

func (c Case) checkBody(t *testing.T, server Server, body []byte) {
	t.Helper()
	if c.WantJSON == "" {
		require.Empty(t, string(body))
		return
	}
	want, err := decode([]byte(server.fill(c.WantJSON)))
	require.NoError(t, err, "the JSON of the vector")
	got, err := decode(body)
	require.NoError(t, err, "%s", body)
	require.NoError(t, matchJSON(want, got, "body"), "%s", body)
}

func (c Case) newRequest(t *testing.T, server Server) (*http.Request, error) {
	t.Helper()
	base, err := url.Parse(server.URL)
	if err != nil {
		return nil, err
	}
	target := server.fill(c.Target)
	path, query, _ := strings.Cut(target, "?")
	if path, err = url.PathUnescape(path); err != nil {
		return nil, err
	}
	request := (&http.Request{
		Method: c.Method, URL: &url.URL{Scheme: base.Scheme, Host: base.Host, Path: path, RawQuery: query},
		RequestURI: target, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
	}).WithContext(t.Context())
	if c.Proto == "2" { // net/http refuses a request with RequestURI
		request.RequestURI = ""
	}
	c.setHeader(request, server)
	c.setBody(request, server.fill(c.Body))
	return request, nil
}

func (c Case) setHeader(request *http.Request, server Server) {
	for name, values := range c.Header {
		for _, value := range values {
			request.Header.Add(name, server.fill(value))
		}
	}
	request.Host = request.Header.Get("Host")
	request.Header.Del("Host")
	if request.Header.Get("X-Forwarded-For") == "" {
		request.Header.Set("X-Forwarded-For", newAddress())
	}
}

var lastAddress atomic.Uint32

// newAddress returns an IP address that no other case uses, so that the rate limits of an address
// affect no case.
func newAddress() string {
	n := lastAddress.Add(1)
	return fmt.Sprintf("198.%d.%d.%d", 18+n>>16&1, n>>8&0xff, n&0xff) // RFC 2544 appendix C.2.2
}

func (c Case) setBody(request *http.Request, body string) {
	if body != "" {
		request.Body = io.NopCloser(strings.NewReader(body))
		request.ContentLength = int64(len(body))
	}
	switch c.Framing {
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

// fill replaces each {$name} by its value.
func (s Server) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		return s.Value(placeholder.FindStringSubmatch(found)[1])
	})
}

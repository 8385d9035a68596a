package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// validForm is a body that signs in.
const validForm = "grant_type=password&username=user&password=user-dev-password"

// rawRequest returns a request to the token endpoint with additional header lines, with a
// Content-Length unless it is framed by them.
func rawRequest(extra, body string) string {
	length := ""
	if !strings.Contains(strings.ToLower(extra), "transfer-encoding") {
		length = fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return "POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + formType + "\r\n" + length + extra + "\r\n" + body
}

// chunked returns a body in one chunk.
func chunked(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }

// dial opens a connection to the server that is closed at the end of the test.
func (s *server) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(waitTimeout)))
	return conn
}

// sendRaw sends bytes and returns the statuses of the responses until the server closes the
// connection, or until it is silent for a while.
func (s *server) sendRaw(t *testing.T, text string) (statuses []int, closed bool) {
	t.Helper()
	conn := s.dial(t)
	_, _ = io.WriteString(conn, text) // the server may respond and close before it has read everything
	reader := bufio.NewReader(conn)
	for {
		// The first response may need a password hash on a busy machine.
		wait := time.Second
		if len(statuses) == 0 {
			wait = waitTimeout
		}
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(wait)))
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			timeout, ok := err.(net.Error) //nolint:errorlint // a deadline is returned as it is
			return statuses, !ok || !timeout.Timeout()
		}
		n, _ := io.Copy(io.Discard, response.Body)
		require.Less(t, n, int64(4<<10), "the response to a malformed request is short")
		require.NoError(t, response.Body.Close())
		statuses = append(statuses, response.StatusCode)
	}
}

const healthRequest = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

// framingCases are raw requests, and what they are answered.
var framingCases = map[string]struct {
	text     string
	statuses []int
	open     bool // the connection may be used again
}{
	"a valid request":                      {rawRequest("", validForm), []int{200}, true},
	"two Host headers":                     {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", []int{400}, false},
	"no Host header":                       {"GET /healthz HTTP/1.1\r\n\r\n", []int{400}, false},
	"a malformed Host header":              {"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", []int{400}, false},
	"two different lengths":                {rawRequest("Content-Length: 5\r\n", validForm), []int{400}, false},
	"a negative length":                    {"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", []int{400}, false},
	"a length with a sign":                 {"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nabcde", []int{400}, false},
	"a length in hexadecimal":              {"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nabcde", []int{400}, false},
	"a length beyond 64 bits":              {"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", []int{400}, false},
	"length and chunks":                    {rawRequest(fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n", len(chunked(validForm))), chunked(validForm)) + healthRequest, []int{200}, false},
	"chunks and another request within":    {rawRequest("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"+healthRequest), []int{400}, false},
	"chunked twice":                        {rawRequest("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunked(validForm)), []int{501}, false},
	"an unknown transfer encoding":         {rawRequest("Transfer-Encoding: xchunked\r\n", chunked(validForm)), []int{501}, false},
	"identity and chunked":                 {rawRequest("Transfer-Encoding: identity, chunked\r\n", chunked(validForm)), []int{501}, false},
	"a space before the colon":             {rawRequest("Transfer-Encoding : chunked\r\n", chunked(validForm)), []int{400}, false},
	"a tab in the transfer encoding":       {rawRequest("Transfer-Encoding: \x0bchunked\r\n", chunked(validForm)), []int{400}, false},
	"a folded header":                      {rawRequest("X-Folded: a\r\n b\r\n", validForm), []int{200}, true}, // a proxy must not forward it (RFC 9112 §5.2)
	"a folded length":                      {"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n 5\r\n7\r\n\r\nabcde", []int{400}, false},
	"a header line that begins with space": {"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n", []int{400}, false},
	"a header line without a colon":        {"GET /healthz HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", []int{400}, false},
	"NUL in a header":                      {rawRequest("X-A: a\x00b\r\n", validForm), []int{400}, false},
	"a bare CR in a header":                {rawRequest("X-A: a\rTransfer-Encoding: chunked\r\n", validForm), []int{400}, false},
	"a bare LF after a chunk size":         {rawRequest("Transfer-Encoding: chunked\r\n", "5\nabcde\r\n0\r\n\r\n"), []int{400}, false},
	"an invalid chunk size":                {rawRequest("Transfer-Encoding: chunked\r\n", "z\r\nabc\r\n0\r\n\r\n"), []int{400}, false},
	"a chunk size beyond 64 bits":          {rawRequest("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"), []int{400}, false},
	"a chunk without its end":              {rawRequest("Transfer-Encoding: chunked\r\n", "5\r\nabcdeX\r\n0\r\n\r\n"), []int{400}, false},
	"a short chunk extension":              {rawRequest("Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x;name=value\r\n%s\r\n0\r\n\r\n", len(validForm), validForm)), []int{200}, false},
	"long chunk extensions":                {rawRequest("Transfer-Encoding: chunked\r\n", strings.Repeat("1;"+strings.Repeat("x", 3000)+"\r\na\r\n", 100)+"0\r\n\r\n"), []int{400}, false},
	"endless chunks":                       {rawRequest("Transfer-Encoding: chunked\r\n", strings.Repeat("400\r\n"+strings.Repeat("a", 1024)+"\r\n", 400)), []int{413}, false},
	"a trailer that names the user":        {rawRequest("Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\nAuthorization: Bearer x\r\n\r\n", len(validForm), validForm)), []int{200}, false},
	"two requests at once":                 {rawRequest("", validForm) + healthRequest, []int{200, 200}, true},
	"a hundred requests at once":           {strings.Repeat(healthRequest, 100), statusesOf(100, 200), true},
	"a header line of 17 KiB":              {rawRequest("X-Long: "+strings.Repeat("a", 17<<10)+"\r\n", validForm), []int{431}, false},
	"a header line without end":            {"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 1<<20), []int{431}, false},
	"headers of 17 KiB in all":             {rawRequest(strings.Repeat("X-Many: "+strings.Repeat("a", 100)+"\r\n", 160), validForm), []int{431}, false},
	"a path of 64 KiB":                     {"GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", []int{431}, false},
	"NUL in the path":                      {"GET /healthz\x00 HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
	"an absolute target":                   {"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{200}, true},
	"a tunnel":                             {"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 169.254.169.254:80\r\n\r\n", []int{404}, true},
	"the target *":                         {"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{200}, true},
	"an unknown method":                    {"X\x01 / HTTP/1.1\r\nHost: x\r\n\r\n", []int{400}, false},
	"HTTP/0.9":                             {"GET /healthz\r\n", []int{400}, false},
	"HTTP/3.0":                             {"GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n", []int{505}, false},
	"not HTTP":                             {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400}, false},
	"an upgrade to another protocol":       {"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", []int{200}, true},
	"Expect with an unknown value":         {rawRequest("Expect: nonsense\r\n", validForm), []int{417}, false},
}

// Malformed framing is refused, and never leads to a request that a proxy in front would not see
// (RFC 9112 §11.2).
func TestHostileFraming(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t))
	for name, c := range framingCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			statuses, closed := s.sendRaw(t, c.text)
			require.Equal(t, c.statuses, statuses)
			require.Equal(t, !c.open, closed, "the connection is closed")
		})
	}
	t.Cleanup(func() { s.requireHealthy(t) })
}

func statusesOf(n, status int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = status
	}
	return all
}

// requireHealthy requires that the server responds soon, has not panicked and has responded 5xx to
// nobody.
func (s *server) requireHealthy(t *testing.T) {
	t.Helper()
	begin := time.Now()
	require.Equal(t, http.StatusOK, s.get(t, "/healthz", "").status)
	require.Less(t, time.Since(begin), 5*time.Second)
	require.NotContains(t, s.wholeLog(t), "msg=panic")
	require.NotRegexp(t, `status=5\d\d`, s.wholeLog(t))
}

// A slow body ends when its time is over. Others are not affected.
func TestHostileSlowBody(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t))
	conn := s.dial(t)
	begin := time.Now()
	_, err := io.WriteString(conn, "POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: "+formType+"\r\nContent-Length: 60\r\n\r\ngrant")
	require.NoError(t, err)
	s.devToken(t, "user")
	answer, err := io.ReadAll(conn)
	require.False(t, isTimeout(err), "still open after %v", waitTimeout)
	require.Less(t, time.Since(begin), 16*time.Second)
	require.NotContains(t, string(answer), "HTTP/1.1 200")
	s.requireHealthy(t)
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error) //nolint:errorlint // a deadline is returned as it is
	return ok && timeout.Timeout()
}

// Slow headers of many connections are cut, and others are served meanwhile.
func TestHostileSlowHeaders(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t))
	const connections = 200
	begin := time.Now()
	var all []net.Conn
	for range connections {
		conn := s.dial(t)
		_, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		require.NoError(t, err)
		all = append(all, conn)
	}
	require.Equal(t, http.StatusOK, s.get(t, "/healthz", "").status)
	for _, conn := range all {
		_, err := io.ReadAll(conn)
		require.False(t, isTimeout(err))
	}
	require.Less(t, time.Since(begin), 12*time.Second)
	s.requireHealthy(t)
}

// A client that opens HTTP/2 streams and resets them at once is slowed down or disconnected
// (CVE-2023-44487). Others are served meanwhile.
func TestHostileRapidReset(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t))
	conn := s.dial(t)
	_, err := io.WriteString(conn, http2.ClientPreface)
	require.NoError(t, err)
	framer := http2.NewFramer(conn, conn)
	require.NoError(t, framer.WriteSettings())
	ended := make(chan struct{})
	go func() { // reads, so that the server is never blocked by us
		defer close(ended)
		_, _ = io.Copy(io.Discard, conn)
	}()
	fields := headerBlock(":method", "POST", ":scheme", "http", ":authority", "localhost", ":path", "/token", "content-type", formType)
	const streams = 20_000
	for i := range uint32(streams) {
		id := 2*i + 1
		if framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: fields, EndHeaders: true}) != nil ||
			framer.WriteRSTStream(id, http2.ErrCodeCancel) != nil {
			break // disconnected
		}
	}
	s.devToken(t, "user")
	_ = conn.Close()
	<-ended
	s.requireHealthy(t)
}

// headerBlock encodes HTTP/2 header fields.
func headerBlock(fields ...string) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}) // a Buffer does not fail
	}
	return block.Bytes()
}

// Malformed HTTP/2 gets an error of its protocol or a 4xx, never a token.
func TestHostileHTTP2(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t))
	for name, fields := range map[string][]string{
		"a connection header": {":method", "GET", ":scheme", "http", ":authority", "localhost", ":path", "/api/auth/users/me", "connection", "close"},
		"chunks":              {":method", "POST", ":scheme", "http", ":authority", "localhost", ":path", "/token", "transfer-encoding", "chunked"},
		"an upper-case name":  {":method", "GET", ":scheme", "http", ":authority", "localhost", ":path", "/api/auth/users/me", "X-Upper", "a"},
		"a line end":          {":method", "GET", ":scheme", "http", ":authority", "localhost", ":path", "/api/auth/users/me", "x-a", "a\r\nb: c"},
		"two paths":           {":method", "GET", ":scheme", "http", ":path", "/a", ":path", "/api/auth/users/me"},
		"no method":           {":scheme", "http", ":path", "/api/auth/users/me"},
		"a wrong length":      {":method", "POST", ":scheme", "http", ":authority", "localhost", ":path", "/token", "content-type", formType, "content-length", "99"},
		"headers of 40 KiB":   {":method", "GET", ":scheme", "http", ":authority", "localhost", ":path", "/api/auth/users/me", "x-a", strings.Repeat("a", 10<<10), "x-b", strings.Repeat("b", 10<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NotContains(t, s.http2Statuses(t, fields), "200")
		})
	}
	t.Cleanup(func() { s.requireHealthy(t) })
}

// http2Statuses sends one request and returns the statuses of the responses until the stream or the
// connection ends.
func (s *server) http2Statuses(t *testing.T, fields []string) (statuses []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	conn := s.dial(t)
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_, err := io.WriteString(conn, http2.ClientPreface)
	require.NoError(t, err)
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	require.NoError(t, framer.WriteSettings())
	require.NoError(t, framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: 1, BlockFragment: headerBlock(fields...), EndHeaders: true, EndStream: true}))
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			require.NoError(t, ctx.Err(), "no response")
			return statuses
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			statuses = append(statuses, frame.PseudoValue("status"))
			if frame.StreamEnded() {
				return statuses
			}
		case *http2.DataFrame:
			if frame.StreamEnded() {
				return statuses
			}
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return statuses
		}
	}
}

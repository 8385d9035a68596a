package httpapi

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// A form that is accepted has only known parameters, each once, not empty and of valid text. No secret is
// accepted in the URL. Reading the form that it encodes to returns the same.
func FuzzForm(f *testing.F) {
	params := []string{"grant_type", "username", "password", "scope", "client_id", "client_secret"}
	for _, body := range []string{
		"grant_type=password&username=a&password=b", "username=a&username=b", "username[]=a", "username=%00", "password=%ff", "password=%zz", "a;b=c", "=", "&&&&",
		"grant_type=password&grant%5ftype=x", "password=+%20%2B", "client_assertion=x&client_assertion=y", strings.Repeat("a=b&", 30), "username=\x00", "username=%ed%a0%80",
	} {
		f.Add(body, "", formType)
	}
	f.Add("", "password=a", formType+"; charset=utf-8")
	f.Add("", "%70assword=a", formType+"; charset=latin1")
	f.Add("", "a=%zz&token=b", "multipart/form-data; boundary=x")
	f.Add("", "a;token=b", `application/x-www-form-urlencoded; charset="`)
	f.Fuzz(func(t *testing.T, body, query, contentType string) {
		request := &http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{"Content-Type": {contentType}}}
		if checkFormRequest(request, params) == nil {
			for name := range request.URL.Query() { // what the generated code would read
				require.NotContains(t, append(params, secretParams...), name)
			}
			require.Contains(t, strings.ToLower(contentType), formType)
		}
		form, err := readForm(strings.NewReader(body), params)
		if err != nil {
			require.Nil(t, form)
			return
		}
		require.LessOrEqual(t, len(form), maxParams)
		for name, values := range form {
			require.Contains(t, append(params, "client_assertion"), name)
			require.Len(t, values, 1)
			require.NotEmpty(t, values[0])
			require.True(t, utf8.ValidString(values[0]) && !strings.Contains(values[0], "\x00"))
		}
		again, err := readForm(strings.NewReader(form.Encode()), params)
		require.NoError(t, err)
		require.Equal(t, form, again)
	})
}

// A token comes from one Authorization header with the scheme Bearer, and is the rest of it.
func FuzzBearer(f *testing.F) {
	for _, header := range []string{
		"Bearer abc", "bearer  abc", "BEARER abc ", "Bearer", "Bearer ", "Bearer\tabc", "Bearerabc", "Basic Og==", "Bearer a, Bearer b", "Bearer a\nb", "\u212abearer a", "bEaReR \x00", " Bearer a",
	} {
		f.Add(header, "", "")
		f.Add(header, "Bearer b", "")
		f.Add(header, "", "access_token=x")
	}
	s := &Server{Options: Options{Issuer: "http://localhost"}}
	e := echo.New()
	f.Fuzz(func(t *testing.T, first, second, query string) {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		request.URL.RawQuery = query
		request.Header["Authorization"] = []string{first}
		if second != "" {
			request.Header.Add("Authorization", second)
		}
		token, err := s.accessToken(e.NewContext(request, httptest.NewRecorder()))
		if err != nil {
			require.Empty(t, token)
			return
		}
		require.NotEmpty(t, token)
		require.Empty(t, second)
		require.False(t, request.URL.Query().Has("access_token"))
		require.NotEqual(t, ' ', rune(token[0]))
		scheme, found := strings.CutSuffix(first, token)
		require.True(t, found)
		require.Equal(t, "bearer", strings.ToLower(strings.TrimRight(scheme, " ")))
	})
}

// Credentials of HTTP Basic have an id, and are a reading of the header: decoded or raw.
func FuzzClientAuth(f *testing.F) {
	for _, pair := range []string{"id:secret", ":", "id", "id:", ":secret", "a%3Ab:c%20d", "a+b:c+d", "id:%zz", "id:%00", "\xff:a", "a:b:c", "é:£", "\x00:a"} {
		f.Add("Basic "+base64.StdEncoding.EncodeToString([]byte(pair)), "", "")
		f.Add("basic  "+base64.RawURLEncoding.EncodeToString([]byte(pair)), "id", "secret")
	}
	f.Add("Basic", "id", "")
	f.Add("Bearer x", "", "secret")
	f.Fuzz(func(t *testing.T, header, id, secret string) {
		form := url.Values{"client_id": {id}, "client_secret": {secret}}
		credentials, err := readClientAuth(http.Header{"Authorization": {header}}, form)
		if err != nil {
			require.Equal(t, oauth.Credentials{}, credentials)
			return
		}
		require.LessOrEqual(t, len(credentials.Pairs), 4)
		for _, p := range credentials.Pairs {
			require.True(t, id == "" || id == p.ID, "the ids of header and body are the same")
		}
	})
}

// A cursor that is accepted is a position that can be written, and read again as the same position.
func FuzzCursor(f *testing.F) {
	for _, text := range []string{
		"", "x", "null", "[]", "{}", `{"CreatedAt":"2026-01-02T03:04:05Z","Key":"ü","ID":"id"}`, `{"At":"2026-01-02T03:04:05.123456789+23:59","ID":"' OR 1=1 --"}`, `{"ID":"\u0000\ud800"}`,
		`{"At":"9999-12-31T23:59:59.999999999Z"}`, `{"At":"0000-01-01T00:00:00Z"}`, `{"ID":1}`, `{"id":"a","ID":"b"}`, `{"ID":"a"}x`, `"text"`, "\xff",
	} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(text)))
	}
	f.Add("e30=")
	f.Add("e30\n")
	f.Add("e31")
	f.Fuzz(func(t *testing.T, text string) {
		checkCursor(t, text, func(p account.Position) time.Time { return p.CreatedAt })
		checkCursor(t, text, func(p audit.Position) time.Time { return p.At })
		checkCursor(t, text, func(string) time.Time { return time.Time{} })
	})
}

func checkCursor[P comparable](t *testing.T, text string, at func(P) time.Time) {
	t.Helper()
	var first, second P
	if readCursor(&text, &first) != nil {
		return
	}
	written := writeCursor(&first)
	require.NotNil(t, written, "%+v", first)
	require.NoError(t, readCursor(written, &second))
	require.True(t, at(first).Equal(at(second)), "%v, %v", first, second)
	require.Equal(t, *written, *writeCursor(&second))
}

// The address of a caller is the peer's, or, from a trusted proxy, the last address in the header that is
// not a trusted proxy's. It is always an IP address.
func FuzzForwarded(f *testing.F) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, header := range []string{
		"", "203.0.113.1", "203.0.113.1, 10.0.0.2", "10.0.0.1, 203.0.113.1", "evil, 203.0.113.1", "203.0.113.1, evil", "[2001:db8::1]:443", "2001:db8::1%eth0", "::ffff:10.0.0.1",
		"203.0.113.1:80", "for=203.0.113.1", " , ,", "203.0.113.1\r\nX: y", "0x7f.1", "127.1", "1.2.3.4.5", strings.Repeat("10.0.0.1,", 500), "256.1.1.1", "010.0.0.1", "\u0661.2.3.4",
	} {
		f.Add(header, "", true)
		f.Add(header, "203.0.113.9", true)
		f.Add(header, "", false)
	}
	extract := addressExtractor(trusted)
	f.Fuzz(func(t *testing.T, first, second string, proxy bool) {
		peer := "198.51.100.7"
		if proxy {
			peer = "10.9.9.9"
		}
		request := &http.Request{RemoteAddr: net.JoinHostPort(peer, "1234"), Header: http.Header{
			"X-Forwarded-For": {first, second}, "X-Real-Ip": {first}, "Forwarded": {"for=" + first}}}
		got := extract(request)
		if !proxy {
			require.Equal(t, peer, got)
			return
		}
		ip := net.ParseIP(strings.Trim(got, "[]"))
		require.NotNil(t, ip, "%q", got)
		all := strings.Split(first+","+second, ",")
		last := strings.TrimSpace(all[len(all)-1])
		if address, err := netip.ParseAddr(last); err == nil && address.Zone() == "" && !slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(address.Unmap()) }) {
			require.True(t, ip.Equal(net.ParseIP(last)), "%q is nearer than %q", last, got)
		}
	})
}

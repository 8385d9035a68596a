package httpapi

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The account pages have an address for each view, and load their files by relative URLs.
func TestAccountPages(t *testing.T) {
	t.Parallel()
	_, handler := newServer(t)
	for _, path := range []string{"/account", "/account/sign-in", "/account/resend", "/account/verify", "/account/reset"} {
		response := get(t, handler, path)
		require.Equal(t, http.StatusOK, response.Code, path)
		require.Contains(t, response.Header().Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'")
		require.Equal(t, "private, no-cache", response.Header().Get("Cache-Control"))
		require.NotRegexp(t, `(?:href|src)="(?:/|https?:)`, response.Body.String())
	}
	script := regexp.MustCompile(`src="\.(/web/[0-9a-f]+/account/main\.js)"`).FindStringSubmatch(get(t, handler, "/account").Body.String())
	require.NotNil(t, script)
	require.Equal(t, http.StatusOK, get(t, handler, script[1]).Code)
	for _, path := range []string{"/account/", "/account"} {
		require.Equal(t, http.StatusOK, get(t, handler, path).Code, path)
	}
	for _, path := range []string{"/account/none", "/account/sessions/none", "/web/", "/web/x/none.js"} {
		require.Equal(t, http.StatusNotFound, get(t, handler, path).Code, path)
	}
}

// Only a page of an allowed origin is returned to.
func TestReturnTo(t *testing.T) {
	t.Parallel()
	s := &Server{Options: Options{Issuer: "https://auth.example.com", CORSOrigins: []string{"https://app.example.com"}}}
	for page, want := range map[string]bool{
		"https://app.example.com/x?y=z#a": true, "https://app.example.com": true, "https://auth.example.com/docs": true,
		"": false, "/": false, "//app.example.com": false, "https://app.example.com.evil.example": false, "http://app.example.com": false,
		"https://app.example.com@evil.example/": false, "https://user@app.example.com/": false, "javascript:alert(1)//app.example.com": false,
		"https:app.example.com": false, "https://app.example.com\\@evil.example": false, "https://evil.example/https://app.example.com": false,
		"data:text/html,x": false, "https://localhost": false,
	} {
		require.Equal(t, want, s.allowedReturn(page), page)
	}
}

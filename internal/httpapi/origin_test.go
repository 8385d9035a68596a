package httpapi_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

const frontEnd = "https://app.example.com"

// oneOrigin returns options that allow one front end on another host, and no loopback origins.
func oneOrigin() httpapi.Options {
	o := options()
	o.Issuer, o.CORSOrigins, o.CORSLoopback = "https://auth.example.com", []string{frontEnd}, false
	return o
}

// parsedContract is the contract, parsed once for all tests that only read it.
var parsedContract = sync.OnceValues(api.GetSpec)

// unsafeRoutes returns method and path of the operations that accept cookies and change something.
func unsafeRoutes(t *testing.T) (routes [][2]string) {
	t.Helper()
	contract, err := parsedContract()
	require.NoError(t, err)
	for path, item := range contract.Paths.Map() {
		for method, op := range item.Operations() {
			guarded := false
			for _, alternative := range *op.Security {
				_, bearer := alternative["bearerAuth"]
				guarded = guarded || bearer
			}
			if method != http.MethodGet && (guarded || op.Tags[0] == "browser") {
				path := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "00000000-0000-4000-8000-000000000000")
				routes = append(routes, [2]string{method, path})
			}
		}
	}
	require.Greater(t, len(routes), 10)
	return routes
}

// Every unsafe route refuses the requests that another site makes a browser send, even with cookies.
func TestCrossOriginRequests(t *testing.T) {
	t.Parallel()
	url := start(t, oneOrigin())
	for name, c := range map[string]struct {
		site, origin, requestedWith string
		allowed                     bool
	}{
		"same origin":                       {site: "same-origin", origin: "https://auth.example.com", allowed: true},
		"same origin, only Origin":          {origin: "https://auth.example.com", allowed: true},
		"same origin, only Sec-Fetch-Site":  {site: "same-origin", allowed: true},
		"allowed origin":                    {site: "same-site", origin: frontEnd, allowed: true},
		"allowed origin, only Origin":       {origin: frontEnd, allowed: true},
		"no browser, with X-Requested-With": {requestedWith: "fetch", allowed: true},
		"no browser, without it":            {},
		"another site":                      {site: "cross-site", origin: "https://evil.example"},
		"another site, only Origin":         {origin: "https://evil.example"},
		"another site, X-Requested-With":    {site: "cross-site", origin: "https://evil.example", requestedWith: "XMLHttpRequest"},
		"same site, origin not allowed":     {site: "same-site", origin: "https://blog.example.com"},
		"null origin":                       {site: "cross-site", origin: "null", requestedWith: "fetch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := http.Client{Transport: contract(t)}
			for _, route := range unsafeRoutes(t) {
				r, err := http.NewRequestWithContext(t.Context(), route[0], url+route[1], strings.NewReader(""))
				require.NoError(t, err)
				r.Header.Set("Cookie", "__Host-latchkey_access=a; __Host-latchkey_refresh=rt_a")
				for header, value := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin, "X-Requested-With": c.requestedWith} {
					if value != "" {
						r.Header.Set(header, value)
					}
				}
				got, err := client.Do(r)
				require.NoError(t, err)
				require.NoError(t, got.Body.Close())
				if c.allowed { // the status depends on the cookies, which are invalid
					require.NotEqual(t, http.StatusForbidden, got.StatusCode, route)
				} else {
					require.Equal(t, http.StatusForbidden, got.StatusCode, route)
				}
				require.Less(t, got.StatusCode, http.StatusInternalServerError, route)
			}
		})
	}
}

// A bearer token may be sent from any origin: the browser does not add it by itself.
func TestBearerTokenFromAnyOrigin(t *testing.T) {
	t.Parallel()
	url := start(t, oneOrigin())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, url+"/api/auth/users/me/sessions", nil)
	require.NoError(t, err)
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Authorization", "Bearer a")
	got, err := (&http.Client{Transport: contract(t)}).Do(r)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	require.Equal(t, http.StatusUnauthorized, got.StatusCode, "the token is invalid; the origin does not matter")
}

// CORS lets pages of the allowed origin read responses, and no other page.
func TestCORS(t *testing.T) {
	t.Parallel()
	url := start(t, oneOrigin())
	client := http.Client{Transport: contract(t)}
	headers := func(method, path, origin string) http.Header {
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, nil)
		require.NoError(t, err)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", http.MethodPost)
		r.Header.Set("Access-Control-Request-Headers", "authorization,content-type,x-requested-with")
		got, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, got.Body.Close())
		return got.Header
	}
	for _, path := range []string{"/token", "/revoke", "/api/auth/login", "/api/auth/users/me"} {
		for _, hostile := range []string{
			"null", "https://evil.example", "https://app.example.com.evil.example", "https://evil-app.example.com",
			"https://evilapp.example.com", "http://app.example.com", "https://app.example.com.", "https://app.example.com:444",
			"https://APP.example.com", "https://app.example.com/", "https://app.example.com, https://evil.example",
			"http://localhost:3000", "https://auth.example.com.evil.example", "*",
		} {
			for _, method := range []string{http.MethodOptions, http.MethodGet} {
				for name := range headers(method, path, hostile) {
					require.False(t, strings.HasPrefix(name, "Access-Control-Allow"), "%s for %s: %s", method, hostile, name)
				}
			}
		}
		header := headers(http.MethodOptions, path, frontEnd)
		require.Equal(t, []string{frontEnd}, header.Values("Access-Control-Allow-Origin"))
		require.Equal(t, "true", header.Get("Access-Control-Allow-Credentials"))
		require.Contains(t, header.Get("Access-Control-Allow-Methods"), http.MethodPost)
		require.Equal(t, "Authorization,Content-Type,X-Requested-With", header.Get("Access-Control-Allow-Headers"))
		require.Contains(t, header.Values("Vary"), "Origin")
		header = headers(http.MethodGet, path, frontEnd) // errors can be read as well
		require.Equal(t, []string{frontEnd}, header.Values("Access-Control-Allow-Origin"))
		require.Contains(t, header.Values("Vary"), "Origin")
		require.Contains(t, header.Get("Access-Control-Expose-Headers"), "Retry-After")
	}
	// Public paths can be read from every origin, without credentials.
	header := headers(http.MethodGet, "/openapi.json", "https://evil.example")
	require.Equal(t, "*", header.Get("Access-Control-Allow-Origin"))
	require.Empty(t, header.Get("Access-Control-Allow-Credentials"))
}

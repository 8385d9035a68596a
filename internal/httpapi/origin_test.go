package httpapi_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

const frontEnd = "https://app.example.com"

// listedOnly is a server that allows one front end elsewhere and no loopback.
func listedOnly() httpapi.Options {
	o := options()
	o.Issuer, o.CORSOrigins, o.CORSLoopback = "https://auth.example.com", []string{frontEnd}, false
	return o
}

// unsafeRoutes are the operations that change something and take a page's cookies.
func unsafeRoutes(t *testing.T) (routes [][2]string) {
	t.Helper()
	contract, err := api.GetSpec()
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

// Requests that another site made a browser send are refused on every route, whatever cookies come
// along. The twelve cases are where a request may say it comes from.
func TestCrossOriginRequests(t *testing.T) {
	t.Parallel()
	url := start(t, listedOnly())
	for name, c := range map[string]struct {
		site, origin, with string
		allowed            bool
	}{
		"our own page":                         {site: "same-origin", origin: "https://auth.example.com", allowed: true},
		"our own page, by origin alone":        {origin: "https://auth.example.com", allowed: true},
		"our own page, by site alone":          {site: "same-origin", allowed: true},
		"the front end that is listed":         {site: "same-site", origin: frontEnd, allowed: true},
		"the front end, by an old browser":     {origin: frontEnd, allowed: true},
		"no browser, with the header":          {with: "fetch", allowed: true},
		"no browser, without it":               {},
		"another site":                         {site: "cross-site", origin: "https://evil.example"},
		"another site, by an old browser":      {origin: "https://evil.example"},
		"another site, with the header":        {site: "cross-site", origin: "https://evil.example", with: "XMLHttpRequest"},
		"another host of the site, not listed": {site: "same-site", origin: "https://blog.example.com"},
		"a page that hides its origin":         {site: "cross-site", origin: "null", with: "fetch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := http.Client{Transport: contract(t)}
			for _, route := range unsafeRoutes(t) {
				r, err := http.NewRequestWithContext(t.Context(), route[0], url+route[1], strings.NewReader(""))
				require.NoError(t, err)
				r.Header.Set("Cookie", "__Host-latchkey_access=a; __Host-latchkey_refresh=rt_a")
				for header, value := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin, "X-Requested-With": c.with} {
					if value != "" {
						r.Header.Set(header, value)
					}
				}
				got, err := client.Do(r)
				require.NoError(t, err)
				require.NoError(t, got.Body.Close())
				if c.allowed { // and goes on to the cookies, which are no good
					require.NotEqual(t, http.StatusForbidden, got.StatusCode, route)
				} else {
					require.Equal(t, http.StatusForbidden, got.StatusCode, route)
				}
				require.Less(t, got.StatusCode, http.StatusInternalServerError, route)
			}
		})
	}
}

// Without a cookie nothing comes along by itself: a bearer token may come from anywhere.
func TestBearerFromAnywhere(t *testing.T) {
	t.Parallel()
	url := start(t, listedOnly())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, url+"/api/auth/users/me/sessions", nil)
	require.NoError(t, err)
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Authorization", "Bearer a")
	got, err := (&http.Client{Transport: contract(t)}).Do(r)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	require.Equal(t, http.StatusUnauthorized, got.StatusCode, "it is judged by the token")
}

// Reading with cookies is safe: no page elsewhere can see the answer.
func TestHostileOrigins(t *testing.T) {
	t.Parallel()
	url := start(t, listedOnly())
	client := http.Client{Transport: contract(t)}
	ask := func(method, path, origin string) http.Header {
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
				for name := range ask(method, path, hostile) {
					require.False(t, strings.HasPrefix(name, "Access-Control-Allow"), "%s for %s: %s", method, hostile, name)
				}
			}
		}
		header := ask(http.MethodOptions, path, frontEnd)
		require.Equal(t, []string{frontEnd}, header.Values("Access-Control-Allow-Origin"))
		require.Equal(t, "true", header.Get("Access-Control-Allow-Credentials"))
		require.Contains(t, header.Get("Access-Control-Allow-Methods"), http.MethodPost)
		require.Equal(t, "Authorization,Content-Type,X-Requested-With", header.Get("Access-Control-Allow-Headers"))
		require.Contains(t, header.Values("Vary"), "Origin")
		header = ask(http.MethodGet, path, frontEnd) // an error, too, can be read
		require.Equal(t, []string{frontEnd}, header.Values("Access-Control-Allow-Origin"))
		require.Contains(t, header.Values("Vary"), "Origin")
		require.Contains(t, header.Get("Access-Control-Expose-Headers"), "Retry-After")
	}
	// What is for everybody is so without credentials.
	header := ask(http.MethodGet, "/openapi.json", "https://evil.example")
	require.Equal(t, "*", header.Get("Access-Control-Allow-Origin"))
	require.Empty(t, header.Get("Access-Control-Allow-Credentials"))
}

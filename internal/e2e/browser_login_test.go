package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// frontEnd is a page of another origin that signs in with cookies, as documented.
const frontEnd = `<!doctype html><title>Front end</title><h1>Front end</h1><script>
const auth = "BASE";
async function call(method, path, body) {
  const response = await fetch(auth + path, {
    method, credentials: "include",
    headers: body ? {"Content-Type": "application/json"} : {},
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return {status: response.status, body: text ? JSON.parse(text) : null};
}
const signedIn = () => document.cookie.split("; ").includes("logged_in=true");
</script>`

// serveFrontEnd serves the page on its own loopback port.
func serveFrontEnd(t *testing.T, base string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(strings.Replace(frontEnd, "BASE", base, 1)))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// In a real browser, a page of a listed origin signs in with cookies, calls the API, refreshes and signs
// out. A page of an unlisted origin can do none of that.
func TestBrowserLogin(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	type reply struct {
		Status int
		Body   object
	}
	const login = `call("POST", "/api/auth/login", {username: "user", password: "user-dev-password"})`

	t.Run("listed origin", func(t *testing.T) {
		t.Parallel()
		s := start(t, newSQLite(t)) //nolint:contextcheck // the server does not run in the context of the browser
		p := openTab(browser, t, serveFrontEnd(t, s.url), "h1")
		require.False(t, evaluate[bool](p, `signedIn()`))
		require.Equal(t, http.StatusUnauthorized, evaluate[reply](p, `call("GET", "/api/auth/users/me")`).Status)

		got := evaluate[reply](p, login)
		require.Equal(t, http.StatusOK, got.Status)
		require.Equal(t, "profile", got.Body["scope"])
		require.True(t, evaluate[bool](p, `signedIn()`))
		require.Equal(t, "logged_in=true", evaluate[string](p, `document.cookie`), "scripts cannot read the tokens")
		require.Equal(t, "user", evaluate[reply](p, `call("GET", "/api/auth/users/me")`).Body["username"])

		require.Equal(t, http.StatusOK, evaluate[reply](p, `call("POST", "/api/auth/refresh")`).Status)
		sessions := evaluate[reply](p, `call("GET", "/api/auth/users/me/sessions")`)
		require.Len(t, sessions.Body["items"], 1)
		require.Equal(t, http.StatusNoContent, evaluate[reply](p, `call("DELETE", "/api/auth/users/me/sessions")`).Status)

		require.Equal(t, http.StatusNoContent, evaluate[reply](p, `call("POST", "/api/auth/logout")`).Status)
		require.False(t, evaluate[bool](p, `signedIn()`))
		require.Equal(t, http.StatusUnauthorized, evaluate[reply](p, `call("GET", "/api/auth/users/me")`).Status)
		require.Equal(t, http.StatusUnauthorized, evaluate[reply](p, `call("POST", "/api/auth/refresh")`).Status)
		require.Empty(t, p.recorded().consoleErrors)
	})

	t.Run("unlisted origin", func(t *testing.T) {
		t.Parallel()
		s := startListed(t, "https://app.example.com") //nolint:contextcheck // as above
		p := openTab(browser, t, serveFrontEnd(t, s.url), "h1")
		const failed = `.then(() => "no error", error => error.message)`
		require.Equal(t, "Failed to fetch", evaluate[string](p, login+failed))
		require.Equal(t, "Failed to fetch", evaluate[string](p, `call("GET", "/api/auth/users/me")`+failed))
		// The browser sends a request without preflight; the server refuses it.
		require.Equal(t, "opaque", evaluate[string](p, `fetch(auth + "/api/auth/login", {
			method: "POST", mode: "no-cors", credentials: "include",
			body: JSON.stringify({username: "user", password: "user-dev-password"}),
		}).then(response => response.type)`))
		require.False(t, evaluate[bool](p, `signedIn()`))
		eventually(t, func() bool { return strings.Contains(s.log.String(), "cross_origin") })
	})
}

// startListed starts a production server that lists one origin; loopback origins are not listed.
func startListed(t *testing.T, origin string, environment ...string) *server {
	t.Helper()
	inst := newSQLite(t)
	require.Zero(t, inst.runWithInput(t, devPassword("user")+"\n", "user", "create", "user", "--email", "user@example.com").code)
	s := launchWith(t, inst, nil, append([]string{"LATCHKEY_SECRET=" + oldSecret, "LATCHKEY_CORS_ORIGINS=" + origin}, environment...)...)
	s.waitUntilListening()
	return s
}

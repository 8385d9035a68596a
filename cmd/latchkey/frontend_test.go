package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// frontEnd is a page of another origin, as the README has it.
const frontEnd = `<!doctype html><title>Front end</title><h1>Front end</h1><script>
const auth = "BASE";
async function call(method, path, body) {
  const answer = await fetch(auth + path, {
    method, credentials: "include",
    headers: body ? {"Content-Type": "application/json"} : {},
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  return {status: answer.status, body: text ? JSON.parse(text) : null};
}
const signedIn = () => document.cookie.split("; ").includes("logged_in=true");
</script>`

// serveFrontEnd serves the page on a loopback port of its own.
func serveFrontEnd(t *testing.T, base string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(strings.Replace(frontEnd, "BASE", base, 1)))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A page elsewhere signs in with cookies, is told so, asks who it is, refreshes, and signs out, in a
// real browser. A page that is not listed can do none of it.
func TestFrontEndElsewhere(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	type result struct {
		Status int
		Body   map[string]any
	}
	const login = `call("POST", "/api/auth/login", {username: "user", password: "user-dev-password"})`

	t.Run("listed", func(t *testing.T) {
		t.Parallel()
		s := start(t, sqlitePlace(t)) //nolint:contextcheck // the browser's context is not the server's
		p := openTab(browser, t, serveFrontEnd(t, s.url), "h1")
		require.False(t, evaluate[bool](p, `signedIn()`))
		require.Equal(t, http.StatusUnauthorized, evaluate[result](p, `call("GET", "/api/auth/users/me")`).Status)

		got := evaluate[result](p, login)
		require.Equal(t, http.StatusOK, got.Status)
		require.Equal(t, "profile", got.Body["scope"])
		require.True(t, evaluate[bool](p, `signedIn()`))
		require.Equal(t, "logged_in=true", evaluate[string](p, `document.cookie`), "scripts see no token")
		require.Equal(t, "user", evaluate[result](p, `call("GET", "/api/auth/users/me")`).Body["username"])

		require.Equal(t, http.StatusOK, evaluate[result](p, `call("POST", "/api/auth/refresh")`).Status)
		sessions := evaluate[result](p, `call("GET", "/api/auth/users/me/sessions")`)
		require.Len(t, sessions.Body["items"], 1)
		require.Equal(t, http.StatusNoContent, evaluate[result](p, `call("DELETE", "/api/auth/users/me/sessions")`).Status)

		require.Equal(t, http.StatusNoContent, evaluate[result](p, `call("POST", "/api/auth/logout")`).Status)
		require.False(t, evaluate[bool](p, `signedIn()`))
		require.Equal(t, http.StatusUnauthorized, evaluate[result](p, `call("GET", "/api/auth/users/me")`).Status)
		require.Equal(t, http.StatusUnauthorized, evaluate[result](p, `call("POST", "/api/auth/refresh")`).Status)
		_, _, complaints, _ := p.seen()
		require.Empty(t, complaints)
	})

	t.Run("not listed", func(t *testing.T) {
		t.Parallel()
		s := serveListed(t, "https://app.example.com") //nolint:contextcheck // as above
		p := openTab(browser, t, serveFrontEnd(t, s.url), "h1")
		const failed = `.then(() => "answered", error => error.message)`
		require.Equal(t, "Failed to fetch", evaluate[string](p, login+failed))
		require.Equal(t, "Failed to fetch", evaluate[string](p, `call("GET", "/api/auth/users/me")`+failed))
		// What needs no permission to be sent is refused when it comes.
		require.Equal(t, "opaque", evaluate[string](p, `fetch(auth + "/api/auth/login", {
			method: "POST", mode: "no-cors", credentials: "include",
			body: JSON.stringify({username: "user", password: "user-dev-password"}),
		}).then(answer => answer.type)`))
		require.False(t, evaluate[bool](p, `signedIn()`))
		soon(t, func() bool { return strings.Contains(s.log.String(), "cross_origin") })
	})
}

// serveListed runs the service as in production, where one origin is listed and loopback is not.
func serveListed(t *testing.T, origin string) *server {
	t.Helper()
	at := sqlitePlace(t)
	require.Zero(t, command(t, at, devPassword("user")+"\n", "user", "create", "user", "--email", "user@example.com").code)
	s := launchAs(t, at, nil, "LATCHKEY_SECRET="+oldSecret, "LATCHKEY_CORS_ORIGINS="+origin)
	s.await()
	return s
}

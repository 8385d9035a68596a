package e2e

import (
	_ "embed"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// codevowebPage is a page that makes the calls of the tutorials' React client in their order.
//
//go:embed testdata/codevoweb.html
var codevowebPage string

// The React client of the tutorials works unchanged from another origin: register, log in, profile,
// refresh once the access token has expired, log out.
func TestCodevowebClient(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	s := start(t, newSQLite(t), "LATCHKEY_COMPAT=codevoweb", "LATCHKEY_ACCESS_TTL=10s")
	frontEnd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(strings.Replace(codevowebPage, "BASE", s.url, 1)))
	}))
	t.Cleanup(frontEnd.Close)
	p := openTab(browser, t, frontEnd.URL, "h1")
	message := func(script string) string { return evaluate[string](p, script) }
	fill := func(email, password string) {
		for id, value := range map[string]string{"name": "Cora", "email": email, "password": password} {
			p.do(chromedp.SetValue(chromedp.CSS("#"+id), value))
		}
	}
	shown := func(id, want string) {
		t.Helper()
		eventually(t, func() bool { return message(`document.getElementById("`+id+`").textContent`) == want })
	}
	click := func(id string) { p.do(chromedp.Click(chromedp.CSS("#" + id))) }

	// The page is opened without a session: the client asks for the profile, tries to refresh, and gives up.
	shown("message", "Could not refresh access token")
	fill("cora@example.com", "quite a long password")
	click("register")
	shown("message", "We sent an email to confirm the address")
	click("register")
	shown("message", "Account already exist")

	fill("cora@example.com", "wrong")
	click("login")
	shown("message", "Incorrect Email or Password")
	require.Empty(t, message("document.cookie"))
	fill("cora@example.com", "quite a long password")
	click("login")
	shown("profile", "Cora cora@example.com user")
	require.Equal(t, "logged_in=True", message("document.cookie"), "scripts cannot read the tokens")

	// The access cookie expires with its token. The client sees "not logged in", refreshes and repeats.
	eventually(t, func() bool {
		return evaluate[int](p, `fetch("`+s.url+`/api/users/me", {credentials: "include"}).then(r => r.status)`) == http.StatusUnauthorized
	})
	click("reload")
	shown("profile", "Cora cora@example.com user (refreshed)")

	click("logout")
	shown("profile", "")
	require.Empty(t, message("document.cookie"))
	click("reload")
	shown("message", "Could not refresh access token")
	require.Empty(t, p.recorded().consoleErrors)
}

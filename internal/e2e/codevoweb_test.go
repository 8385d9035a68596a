package e2e

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// codevowebPage is a page that makes the calls of the tutorials' React client in their order.
//
//go:embed testdata/codevoweb/page.html
var codevowebPage string

// The axios that the page uses is the published one that testdata/codevoweb/README.md names.
func TestAxiosIsUnchanged(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("testdata/codevoweb/axios.min.js")
	require.NoError(t, err)
	readme, err := os.ReadFile("testdata/codevoweb/README.md")
	require.NoError(t, err)
	hash := sha256.Sum256(script)
	require.Contains(t, string(readme), hex.EncodeToString(hash[:]))
}

// serveCodevowebPage serves the page and axios on its own origin.
func serveCodevowebPage(t *testing.T, base string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(strings.Replace(codevowebPage, "BASE", base, 1)))
	})
	mux.HandleFunc("GET /axios.min.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, "testdata/codevoweb/axios.min.js")
	})
	frontEnd := httptest.NewServer(mux)
	t.Cleanup(frontEnd.Close)
	return frontEnd.URL
}

// The React client of the tutorials works unchanged from another origin: register, log in, profile,
// refresh once the access token has expired, log out, wrong password.
func TestCodevowebClient(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	s := start(t, newSQLite(t), "LATCHKEY_COMPAT=codevoweb", "LATCHKEY_ACCESS_TTL=10s")
	p := openTab(browser, t, serveCodevowebPage(t, s.url), "h1")
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

	fill("cora@example.com", "wrong")
	click("login")
	shown("message", "Incorrect Email or Password")
	require.Empty(t, message("document.cookie"))
	require.Empty(t, p.recorded().consoleErrors)
}

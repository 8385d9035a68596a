package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"
)

// What plugin.js shows beside the Authorize button, as CSS selectors.
const (
	badge  = ".latchkey-badge"
	notice = ".latchkey-notice"
)

// later sets the clock of the page forward.
const later = `const now = Date.now; Date.now = () => now() + %d * 60 * 1000; true`

// The plugin of Swagger UI keeps the user signed in.
func TestSwaggerUIPlugin(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	inst := newSQLite(t)
	inst.addClients(t)
	s := start(t, inst, "LATCHKEY_ISSUER=")
	for name, test := range map[string]func(browser context.Context, t *testing.T, s *server){
		"blank client fields":                     pluginBlank,
		"public client in the header":             pluginClient("spa", "", "basic"),
		"public client in the body":               pluginClient("spa", "", "request-body"),
		"confidential client in the header":       pluginClient("web", webSecret, "basic"),
		"confidential client in the body":         pluginClient("web", webSecret, "request-body"),
		"forgets the secret of a client":          pluginForgetsSecret,
		"says that the session has ended":         pluginSessionEnded,
		"revokes the session on Logout":           pluginLogout,
		"refreshes once for two responses of 401": pluginElsewhere,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(browser, t, s)
		})
	}
}

func pluginBlank(browser context.Context, t *testing.T, s *server) {
	p := openSwaggerUI(browser, t, s.issuer+"/docs")
	p.signInAndClose("user")
	require.Regexp(t, `^user · ROLE_USER · 1[45]:[0-5]\d$`, p.text(badge))
	p.screenshot("docs-signed-in")

	p.reload()
	p.requireSignedIn()
	p.setClock(14)
	p.waitForRequests("/token", 2)
	request := p.last("/token")
	require.Equal(t, "Basic Og==", request.Headers["Authorization"])
	require.Equal(t, "refresh_token", formOf(t, request).Get("grant_type"))

	// Another reload restores the refreshed tokens.
	p.waitUntil(`document.querySelector(".latchkey-badge").textContent.match(/1[45]:/)`)
	p.reload()
	p.requireSignedIn()
	require.Equal(t, 2, p.count("/token"))
	require.Empty(t, p.recorded().consoleErrors)
	require.Empty(t, evaluate[string](p, `Object.values(localStorage).join()`))
}

// pluginClient returns a test that signs in as a client and refreshes, with its id and secret in the
// header or the body.
func pluginClient(id, secret, location string) func(context.Context, *testing.T, *server) {
	return func(browser context.Context, t *testing.T, s *server) {
		p := openSwaggerUI(browser, t, s.issuer+"/docs")
		p.signIn("moderator", devPassword("moderator"), clientFields(id, secret, location)...)
		p.do(chromedp.WaitVisible(chromedp.CSS(logout)), chromedp.Click(chromedp.CSS(closeDialog)))
		requireSentBy(t, p, id, secret, location)
		require.Contains(t, p.text(badge), "moderator · ROLE_MODERATOR")

		p.setClock(16) // beyond expiry: the refresh precedes the request
		status, _ := p.execute("getModeratorContent")
		require.Equal(t, "200", status)
		require.Equal(t, "refresh_token", formOf(t, p.last("/token")).Get("grant_type"))
		requireSentBy(t, p, id, secret, location)
		requireNotStored(t, p, devPassword("moderator"), webSecret)
		require.Empty(t, p.recorded().consoleErrors)
	}
}

func clientFields(id, secret, location string) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{
		chromedp.SendKeys(chromedp.CSS("#password_type"), map[string]string{"basic": "A", "request-body": "R"}[location]),
		chromedp.SendKeys(chromedp.CSS(clientField), id),
		chromedp.SendKeys(chromedp.CSS(secretField), secret),
	}
}

// requireSentBy requires that the newest request to /token has the credentials of a client where they
// belong.
func requireSentBy(t *testing.T, p *page, id, secret, location string) {
	t.Helper()
	request := p.last("/token")
	form := formOf(t, request)
	if location == "basic" {
		sent := http.Request{Header: http.Header{"Authorization": {fmt.Sprint(request.Headers["Authorization"])}}}
		gotID, gotSecret, ok := sent.BasicAuth()
		require.True(t, ok)
		require.Equal(t, []string{id, secret}, []string{gotID, gotSecret})
		require.False(t, form.Has("client_id"))
		return
	}
	require.NotContains(t, request.Headers, "Authorization")
	require.Equal(t, id, form.Get("client_id"))
	require.Equal(t, secret, form.Get("client_secret"))
}

// requireNotStored requires that the browser stores none of the secrets.
func requireNotStored(t *testing.T, p *page, secrets ...string) {
	t.Helper()
	stored := evaluate[string](p, `JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])`)
	require.Contains(t, stored, "access_token")
	for _, secret := range secrets {
		require.NotContains(t, stored, secret)
	}
}

// The secret of a client is not stored: after a reload, the access token lasts until it expires.
func pluginForgetsSecret(browser context.Context, t *testing.T, s *server) {
	p := openSwaggerUI(browser, t, s.issuer+"/docs")
	p.signIn("user", devPassword("user"), clientFields("web", webSecret, "basic")...)
	p.do(chromedp.WaitVisible(chromedp.CSS(badge)), chromedp.Reload())
	p.requireSignedIn()
	p.setClock(16)
	require.Equal(t, "Your access token has expired. Sign in again.", p.text(notice))
	require.Empty(t, evaluate[string](p, `Object.values(sessionStorage).join()`))
}

func pluginSessionEnded(browser context.Context, t *testing.T, s *server) {
	p := openSwaggerUI(browser, t, s.issuer+"/docs")
	p.signInAndClose("user")
	_, token := p.storedTokens(s.issuer)
	require.Equal(t, http.StatusOK, s.post(t, "/revoke", "token", token).status) //nolint:contextcheck // the request is not one of the browser
	status, _ := p.execute("getUserContent")                                     // 401, then the refresh is refused
	require.Equal(t, "401", status)
	require.Equal(t, "Your session has ended. Sign in again.", p.text(notice))
	p.screenshot("docs-session-ended")
}

func pluginLogout(browser context.Context, t *testing.T, s *server) {
	p := openSwaggerUI(browser, t, s.issuer+"/docs")
	p.signInAndClose("user")
	access, refresh := p.storedTokens(s.issuer)
	s.requireTokenAccepted(t, access) //nolint:contextcheck // the request is not one of the browser
	p.do(chromedp.Click(chromedp.CSS(openDialog)), chromedp.Click(chromedp.CSS(logout), chromedp.NodeVisible))
	p.waitForRequests("/revoke", 1)
	require.Equal(t, url.Values{"token": {refresh}}, formOf(t, p.last("/revoke")))
	p.waitUntil(`sessionStorage.length === 0`)
	p.waitUntilRevoked(s, access) //nolint:contextcheck // the request is not one of the browser
}

// Another API uses the plugin with one line. It refuses every first token, at two operations at once.
func pluginElsewhere(browser context.Context, t *testing.T, s *server) {
	elsewhere := serveAPI(t, s.issuer)
	p := openSwaggerUI(browser, t, elsewhere)
	p.signInAndClose("admin")
	p.execute("getOne")
	first := p.count("/token")
	require.Equal(t, 2, first, "a sign-in and a refresh")
	require.Equal(t, "200", p.text("[id$=getOne] .live-responses-table .response .response-col_status"))
	p.screenshot("docs-elsewhere")

	// Both refuse the current token at once.
	_, err := http.Post(elsewhere+"/refuse", "", nil) //nolint:noctx,bodyclose // a short request to the test itself
	require.NoError(t, err)
	p.do(
		chromedp.Click(chromedp.CSS("[id$=getTwo] .opblock-summary-control"), chromedp.NodeVisible),
		chromedp.WaitVisible(chromedp.CSS("[id$=getTwo] .execute")),
	)
	evaluate[bool](p, `document.querySelectorAll(".btn.execute").forEach(button => button.click()); true`)
	status, _ := p.shownResponse("[id$=getTwo]")
	require.Equal(t, "200", status)
	p.waitForRequests("/one", 3)
	require.Equal(t, 3, p.count("/token"), "one refresh for both")
	require.Empty(t, p.recorded().consoleErrors)
	require.Empty(t, evaluate[string](p, `localStorage.getItem("authorized").replace("{}", "")`))
}

// serveAPI serves an API with two operations and its Swagger UI, which has the plugin. Each operation
// refuses the first token that it sees, and again after /refuse.
func serveAPI(t *testing.T, issuer string) string {
	t.Helper()
	operation := func(id string) object {
		return object{"get": object{
			"operationId": id, "security": []object{{"latchkey": []string{}}},
			"responses": object{"200": object{"description": "OK"}},
		}}
	}
	contract, err := json.Marshal(object{
		"openapi": "3.0.3", "info": object{"title": "Another API", "version": "1"},
		"paths": object{"/one": operation("getOne"), "/two": operation("getTwo")},
		"components": object{"securitySchemes": object{"latchkey": object{
			"type": "oauth2", "flows": object{"password": object{"tokenUrl": issuer + "/token", "scopes": object{}}},
		}}},
	})
	require.NoError(t, err)
	var refused atomic.Value
	refused.Store("")
	guarded := func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("Authorization")
		if refused.CompareAndSwap("", token) || refused.Load() == token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{"answer": "for you"}`))
	}
	mux := http.NewServeMux()
	mux.Handle("/", v5emb.NewHandlerWithConfig(swgui.Config{
		Title: "Another API", SwaggerJSON: "/contract.json", BasePath: "/",
		SettingsUI: map[string]string{"tryItOutEnabled": "true", "persistAuthorization": "true"},
		AppendHead: pluginLine(t, issuer),
	}))
	mux.HandleFunc("/contract.json", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(contract) })
	mux.HandleFunc("/one", guarded)
	mux.HandleFunc("/two", guarded)
	mux.HandleFunc("/refuse", func(http.ResponseWriter, *http.Request) { refused.Store("") })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// pluginLine returns the line that the documentation tells other APIs to use.
func pluginLine(t *testing.T, issuer string) template.HTML {
	t.Helper()
	page, err := os.ReadFile("../../docs/swagger-ui.md")
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^<script src=.*/script>$`).Find(page)
	require.NotEmpty(t, line)
	return template.HTML(strings.Replace(string(line), "http://localhost:8080", issuer, 1))
}

// signInAndClose signs in as a development user and closes the dialog.
func (p *page) signInAndClose(username string) {
	p.t.Helper()
	p.signIn(username, devPassword(username))
	p.do(chromedp.WaitVisible(chromedp.CSS(logout)), chromedp.Click(chromedp.CSS(closeDialog)), chromedp.WaitVisible(chromedp.CSS(badge)))
}

// reload loads the page again, with all operations folded.
func (p *page) reload() {
	p.t.Helper()
	evaluate[bool](p, `history.replaceState(null, "", location.pathname); true`)
	p.do(chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS(badge)))
}

// setClock sets the clock of the page forward.
func (p *page) setClock(minutes int) {
	p.t.Helper()
	require.True(p.t, evaluate[bool](p, fmt.Sprintf(later, minutes)))
}

// waitUntil waits until a script is true.
func (p *page) waitUntil(condition string) {
	p.t.Helper()
	evaluate[bool](p, `new Promise(resolve => {
		const timer = setInterval(() => { if (`+condition+`) { clearInterval(timer); resolve(true); } }, 20);
	})`)
}

// waitForRequests waits until the tab has made n requests to a path.
func (p *page) waitForRequests(path string, n int) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.count(path) >= n }, pageTimeout, 20*time.Millisecond, path)
}

// waitUntilRevoked waits until the server rejects an access token.
func (p *page) waitUntilRevoked(s *server, token string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		return s.get(p.t, "/api/auth/users/me", token).status == http.StatusUnauthorized
	}, waitTimeout, 20*time.Millisecond)
}

// count returns the number of requests to a path, without preflights.
func (p *page) count(path string) int {
	n := 0
	for _, request := range p.recorded().requests {
		if u, err := url.Parse(request.URL); err == nil && u.Path == path && request.Method != http.MethodOptions {
			n++
		}
	}
	return n
}

// storedTokens returns the tokens in the sessionStorage of the page.
func (p *page) storedTokens(issuer string) (access, refresh string) {
	p.t.Helper()
	var stored []struct {
		Token struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		}
	}
	text := evaluate[string](p, `sessionStorage.getItem("latchkey `+issuer+`")`)
	require.NoError(p.t, json.Unmarshal([]byte(text), &stored), text)
	require.Len(p.t, stored, 1)
	return stored[0].Token.Access, stored[0].Token.Refresh
}

// screenshot writes a picture of the page to the directory SCREENSHOTS, if it is set.
func (p *page) screenshot(name string) {
	p.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600))
}

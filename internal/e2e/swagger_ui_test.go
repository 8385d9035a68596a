package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"
)

// The elements of Swagger UI, as CSS selectors.
const (
	openDialog    = ".scheme-container .authorize"
	closeDialog   = ".modal-ux .close-modal"
	usernameField = "#oauth_username"
	passwordField = "#oauth_password"
	clientField   = "#client_id_password"
	secretField   = "#client_secret_password"
	authorize     = `[aria-label="Apply given OAuth2 credentials"]`
	logout        = `.modal-ux [aria-label="Remove authorization"]`
	authErrors    = ".modal-ux .errors"

	firstOperation = ".opblock-tag-section .opblock"
)

func TestSwaggerUI(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	base := start(t, newSQLite(t), "LATCHKEY_ISSUER=").issuer // by which the contract calls the server
	for name, test := range map[string]func(browser context.Context, t *testing.T, base string){
		"loads nothing from other hosts":                     docsLoadLocally,
		"runs no foreign scripts":                            docsRefuseScripts,
		"signs in with blank client fields":                  docsSignIn,
		"opens Authorize at the username":                    docsOpenAtUsername,
		"stays signed in after a reload, until Logout":       docsLogout,
		"shows why a sign-in failed":                         docsSignInFails,
		"a wrong client secret opens no dialog of a browser": docsOpenNoDialog,
		"works from a page of another origin":                docsElsewhere,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(browser, t, base)
		})
	}
}

func docsLoadLocally(browser context.Context, t *testing.T, base string) {
	got := openSwaggerUI(browser, t, base+"/docs").recorded()
	require.NotEmpty(t, got.requests)
	for _, request := range got.requests {
		u, err := url.Parse(request.URL)
		require.NoError(t, err)
		require.True(t, u.Scheme == "data" || u.Scheme+"://"+u.Host == base, request.URL)
	}
	for _, response := range got.responses {
		require.Less(t, response.Status, int64(http.StatusBadRequest), response.URL)
	}
	require.Empty(t, got.consoleErrors)
}

func docsRefuseScripts(browser context.Context, t *testing.T, base string) {
	p := openSwaggerUI(browser, t, base+"/docs")
	ran := evaluate[bool](p, `
		const script = document.createElement("script");
		script.textContent = "window.ran = true";
		document.body.append(script);
		window.ran === true`)
	require.False(t, ran)
	consoleErrors := p.recorded().consoleErrors
	require.Len(t, consoleErrors, 1)
	require.Contains(t, consoleErrors[0], "Content Security Policy")
}

func docsSignIn(browser context.Context, t *testing.T, base string) {
	p := openSwaggerUI(browser, t, base+"/docs")
	p.signIn("user", devPassword("user"))
	p.do(chromedp.WaitVisible(chromedp.CSS(logout)))

	request := p.last("/token")
	require.Equal(t, "Basic Og==", request.Headers["Authorization"]) // an empty id and an empty secret
	require.Equal(t, url.Values{
		"grant_type": {"password"}, "username": {"user"}, "password": {devPassword("user")},
	}, formOf(t, request))

	p.do(chromedp.Click(chromedp.CSS(closeDialog)))
	p.requireSignedIn()
	require.Empty(t, p.recorded().consoleErrors)
}

func docsOpenAtUsername(browser context.Context, t *testing.T, base string) {
	p := openSwaggerUI(browser, t, base+"/docs")
	p.do(chromedp.Click(chromedp.CSS(openDialog), chromedp.NodeVisible), chromedp.WaitVisible(chromedp.CSS(usernameField)))
	require.True(t, evaluate[bool](p, `document.activeElement.matches("`+usernameField+`")`))
	require.Zero(t, evaluate[int](p, `document.querySelector(".modal-ux-content").scrollTop`))

	p = openSwaggerUI(browser, t, base+"/docs")
	p.do(chromedp.Click(chromedp.CSS("[id$=introspectToken] .authorization__btn"), chromedp.NodeVisible))
	p.waitUntil(`document.activeElement.matches("#auth-basic-username")`)
}

func docsLogout(browser context.Context, t *testing.T, base string) {
	p := openSwaggerUI(browser, t, base+"/docs")
	p.signIn("user", devPassword("user"))
	p.do(chromedp.WaitVisible(chromedp.CSS(logout)), chromedp.Reload())
	p.requireSignedIn()

	p.do(
		chromedp.Click(chromedp.CSS(openDialog)),
		chromedp.Click(chromedp.CSS(logout), chromedp.NodeVisible),
		chromedp.WaitVisible(chromedp.CSS(authorize)),
		chromedp.Click(chromedp.CSS(closeDialog)),
	)
	status, body := p.execute("getUserContent")
	require.Equal(t, "401", status)
	require.Contains(t, body, "authentication_required")
	require.NotContains(t, p.last("/api/test/user").Headers, "Authorization")
}

func docsSignInFails(browser context.Context, t *testing.T, base string) {
	p := openSwaggerUI(browser, t, base+"/docs")
	p.signIn("user", "not-the-password")
	shown := p.text(authErrors)
	require.Contains(t, shown, "invalid_grant")
	require.Contains(t, shown, "the username or the password is wrong")
}

func docsOpenNoDialog(browser context.Context, t *testing.T, base string) {
	p := openSwaggerUI(browser, t, base+"/docs")
	p.watchPasswordDialogs("*/token")
	p.signIn("user", devPassword("user"),
		chromedp.SendKeys(chromedp.CSS(clientField), "nobody"),
		chromedp.SendKeys(chromedp.CSS(secretField), "wrong"),
	)
	require.Contains(t, p.text(authErrors), "invalid_client")
	require.Empty(t, p.recorded().challenges)

	// The same request without X-Requested-With would open the dialog: the check above can fail.
	status := evaluate[int](p, `fetch("/token", {
		method: "POST", headers: {Authorization: "Basic " + btoa("nobody:wrong")},
		body: new URLSearchParams({grant_type: "password", username: "user", password: "any"}),
	}).then(response => response.status)`)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, []string{base + "/token"}, p.recorded().challenges)
}

func docsElsewhere(browser context.Context, t *testing.T, base string) {
	elsewhere := serveDocsElsewhere(t, base)
	p := openSwaggerUI(browser, t, elsewhere)
	p.do(chromedp.WaitVisible(chromedp.CSS(firstOperation)))
	require.Equal(t, "/token", evaluate[string](p, `document.querySelector("`+firstOperation+` .opblock-summary-path").dataset.path`))
	p.signIn("user", devPassword("user"))
	p.do(chromedp.WaitVisible(chromedp.CSS(logout)), chromedp.Click(chromedp.CSS(closeDialog)))
	p.requireSignedIn()

	// CORS covers error responses too; without it the page could only show "Failed to fetch".
	p = openSwaggerUI(browser, t, elsewhere)
	p.signIn("user", "not-the-password")
	require.Contains(t, p.text(authErrors), "invalid_grant")
}

// serveDocsElsewhere serves Swagger UI on another origin, for the contract as the server serves it, and
// returns its URL. Only the contract tells it where the server is.
func serveDocsElsewhere(t *testing.T, base string) string {
	t.Helper()
	server := httptest.NewServer(v5emb.NewHandlerWithConfig(swgui.Config{
		SwaggerJSON: base + "/openapi.json", BasePath: "/", SettingsUI: map[string]string{"tryItOutEnabled": "true"},
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// signIn opens the Authorize dialog, fills it in and submits it. The client fields stay blank unless
// more steps fill them in.
func (p *page) signIn(username, password string, more ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.do(
		chromedp.Click(chromedp.CSS(openDialog), chromedp.NodeVisible),
		chromedp.SendKeys(chromedp.CSS(usernameField), username, chromedp.NodeVisible),
		chromedp.SendKeys(chromedp.CSS(passwordField), password),
	)
	p.do(more...)
	p.do(chromedp.Click(chromedp.CSS(authorize)))
}

// execute unfolds and executes an operation. It returns the status and the body that the page shows.
func (p *page) execute(operation string) (status, body string) {
	p.t.Helper()
	box := "[id$=" + operation + "]"
	p.do(
		chromedp.Click(chromedp.CSS(box+" .opblock-summary-control"), chromedp.NodeVisible),
		chromedp.Click(chromedp.CSS(box+" .execute"), chromedp.NodeVisible),
	)
	return p.shownResponse(box)
}

// shownResponse returns the status and the body of the response that is shown in the box of an operation.
func (p *page) shownResponse(box string) (status, body string) {
	p.t.Helper()
	response := box + " .live-responses-table .response"
	return p.text(response + " .response-col_status"), p.text(response + " .highlight-code")
}

// requireSignedIn executes an operation that a user may call, and one that only moderators may call.
func (p *page) requireSignedIn() {
	p.t.Helper()
	status, body := p.execute("getOwnProfile")
	require.Equal(p.t, "200", status)
	require.Contains(p.t, body, `"username": "user"`)
	require.Regexp(p.t, `^Bearer ey`, p.last("/api/auth/users/me").Headers["Authorization"])

	status, body = p.execute("getModeratorContent")
	require.Equal(p.t, "403", status)
	require.Contains(p.t, body, "insufficient_scope")
}

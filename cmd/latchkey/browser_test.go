package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/latchkey-auth/latchkey/api"
)

// What Swagger UI shows, by CSS selector.
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
)

// signIn opens the Authorize dialog, fills it in and presses its button. The client fields stay
// blank unless more steps fill them in.
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

// execute unfolds an operation and tries it out; it gives the status and the body that are shown.
func (p *page) execute(operation string) (status, body string) {
	p.t.Helper()
	box := "[id$=" + operation + "]"
	p.do(
		chromedp.Click(chromedp.CSS(box+" .opblock-summary-control"), chromedp.NodeVisible),
		chromedp.Click(chromedp.CSS(box+" .execute"), chromedp.NodeVisible),
	)
	answer := box + " .live-responses-table .response"
	return p.text(answer + " .response-col_status"), p.text(answer + " .highlight-code")
}

func TestSwaggerUI(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	base := start(t, sqlitePlace(t)).url

	t.Run("needs nothing from elsewhere", func(t *testing.T) {
		t.Parallel()
		p := openPage(browser, t, base+"/docs")
		requests, responses, complaints, _ := p.seen()
		require.NotEmpty(t, requests)
		for _, request := range requests {
			u, err := url.Parse(request.URL)
			require.NoError(t, err)
			require.True(t, u.Scheme == "data" || u.Scheme+"://"+u.Host == base, request.URL)
		}
		for _, response := range responses {
			require.Less(t, response.Status, int64(http.StatusBadRequest), response.URL)
		}
		require.Empty(t, complaints)
	})

	t.Run("refuses scripts that are not its own", func(t *testing.T) {
		t.Parallel()
		p := openPage(browser, t, base+"/docs")
		ran := evaluate[bool](p, `
			const script = document.createElement("script");
			script.textContent = "window.ran = true";
			document.body.append(script);
			window.ran === true`)
		require.False(t, ran)
		_, _, complaints, _ := p.seen()
		require.Len(t, complaints, 1)
		require.Contains(t, complaints[0], "Content Security Policy")
	})

	t.Run("signs in with blank client fields", func(t *testing.T) {
		t.Parallel()
		p := openPage(browser, t, base+"/docs")
		p.signIn("user", devPassword("user"))
		p.do(chromedp.WaitVisible(chromedp.CSS(logout)))

		request := p.last("/token")
		require.Equal(t, "Basic Og==", request.Headers["Authorization"]) // neither id nor secret
		require.Equal(t, url.Values{
			"grant_type": {"password"}, "username": {"user"}, "password": {devPassword("user")},
		}, formOf(t, request))

		p.do(chromedp.Click(chromedp.CSS(closeDialog)))
		p.triesOut()
		_, _, complaints, _ := p.seen()
		require.Empty(t, complaints)
	})

	t.Run("stays signed in when reloaded, until Logout", func(t *testing.T) {
		t.Parallel()
		p := openPage(browser, t, base+"/docs")
		p.signIn("user", devPassword("user"))
		p.do(chromedp.WaitVisible(chromedp.CSS(logout)), chromedp.Reload())
		p.triesOut()

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
	})

	t.Run("says why a sign-in failed", func(t *testing.T) {
		t.Parallel()
		p := openPage(browser, t, base+"/docs")
		p.signIn("user", "not-the-password")
		shown := p.text(authErrors)
		require.Contains(t, shown, "invalid_grant")
		require.Contains(t, shown, "the username or the password is wrong")
	})

	t.Run("a wrong client secret opens no dialog of the browser", func(t *testing.T) {
		t.Parallel()
		p := openPage(browser, t, base+"/docs")
		p.watchPasswordDialogs("*/token")
		p.signIn("user", devPassword("user"),
			chromedp.SendKeys(chromedp.CSS(clientField), "nobody"),
			chromedp.SendKeys(chromedp.CSS(secretField), "wrong"),
		)
		require.Contains(t, p.text(authErrors), "invalid_client")
		_, _, _, challenges := p.seen()
		require.Empty(t, challenges)

		// The same without X-Requested-With would open it: what is watched for can happen.
		status := evaluate[int](p, `fetch("/token", {
			method: "POST", headers: {Authorization: "Basic " + btoa("nobody:wrong")},
			body: new URLSearchParams({grant_type: "password", username: "user", password: "any"}),
		}).then(answer => answer.status)`)
		require.Equal(t, http.StatusUnauthorized, status)
		_, _, _, challenges = p.seen()
		require.Equal(t, []string{base + "/token"}, challenges)
	})

	t.Run("works from a page of another origin", func(t *testing.T) {
		t.Parallel()
		elsewhere := serveDocsElsewhere(t, base)
		p := openPage(browser, t, elsewhere)
		p.signIn("user", devPassword("user"))
		p.do(chromedp.WaitVisible(chromedp.CSS(logout)), chromedp.Click(chromedp.CSS(closeDialog)))
		p.triesOut()

		// Errors can be read across origins too; else there would be nothing but "Failed to fetch".
		p = openPage(browser, t, elsewhere)
		p.signIn("user", "not-the-password")
		require.Contains(t, p.text(authErrors), "invalid_grant")
	})
}

// serveDocsElsewhere serves Swagger UI at an origin of its own, as a front end would that shows
// this service's contract: with the service's URL in place of the relative one.
func serveDocsElsewhere(t *testing.T, base string) string {
	t.Helper()
	contract, err := api.GetSpec()
	require.NoError(t, err)
	contract.Servers = openapi3.Servers{{URL: base}}
	raw, err := contract.MarshalJSON()
	require.NoError(t, err)

	mux := http.NewServeMux()
	mux.Handle("/", v5emb.NewHandlerWithConfig(swgui.Config{
		SwaggerJSON: "/contract.json", BasePath: "/", SettingsUI: map[string]string{"tryItOutEnabled": "true"},
	}))
	mux.HandleFunc("/contract.json", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(raw) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// triesOut tries a guarded operation that a user may call, and one that is for moderators.
func (p *page) triesOut() {
	p.t.Helper()
	status, body := p.execute("getOwnProfile")
	require.Equal(p.t, "200", status)
	require.Contains(p.t, body, `"username": "user"`)
	require.Regexp(p.t, `^Bearer ey`, p.last("/api/auth/users/me").Headers["Authorization"])

	status, body = p.execute("getModeratorContent")
	require.Equal(p.t, "403", status)
	require.Contains(p.t, body, "insufficient_scope")
}

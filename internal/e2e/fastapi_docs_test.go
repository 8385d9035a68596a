//go:build fastapi

package e2e

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// An API built with FastAPI, whose OAuth2PasswordBearer has Latchkey's sign-in as its tokenUrl, verifies the
// tokens with the public keys. In its own Swagger UI, on another origin, a user signs in with Authorize.
func TestFastAPIDocsAuthorize(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	for profile, path := range map[string]string{"fastapi-users": "/auth/jwt/login", "pycharm": "/login"} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			listener, url := listenForPython(t)
			s := startListed(t, url, "LATCHKEY_COMPAT="+profile) //nolint:contextcheck // the server does not run in the context of the browser
			startPython(t, listener, "docs_app",                 //nolint:contextcheck // nor does the API
				"AUTH_URL="+s.url, "LATCHKEY_ISSUER="+s.issuer, "TOKEN_PATH="+path)
			authorizeInFastAPI(browser, t, url)
		})
	}
}

// authorizeInFastAPI uses the page as a user does: without signing in, with a wrong password, signed in.
func authorizeInFastAPI(browser context.Context, t *testing.T, url string) {
	p := openSwaggerUI(browser, t, url+"/docs")
	p.tryOut(hello)
	status, body := p.shownResponse(hello)
	require.Contains(t, status, "401")
	require.Contains(t, body, "Not authenticated")

	p.signIn("user@example.com", "not-the-password")
	require.Contains(t, p.text(authErrors), "Bad Request")
	p.do(chromedp.Click(chromedp.CSS(closeDialog)))

	p = openSwaggerUI(browser, t, url+"/docs")
	p.signIn("user@example.com", devPassword("user"))
	p.do(chromedp.WaitVisible(chromedp.CSS(logout)), chromedp.Click(chromedp.CSS(closeDialog)))
	p.tryOut(hello)
	status, body = p.shownResponse(hello)
	require.Equal(t, "200", status)
	require.Contains(t, body, `"hello": "user"`)
	require.Regexp(t, `^Bearer ey`, p.last("/hello").Headers["Authorization"])
	require.Empty(t, p.recorded().consoleErrors)
	for _, request := range p.recorded().requests {
		require.Regexp(t, `^(data:|http://127\.0\.0\.1:)`, request.URL, "nothing comes from other hosts")
	}
}

// hello is the box of the operation in Swagger UI, as CSS selector.
const hello = "[id$=hello_hello_get]"

// tryOut unfolds an operation, clicks "Try it out", which FastAPI's page asks for, and executes it.
func (p *page) tryOut(box string) {
	p.t.Helper()
	p.do(
		chromedp.Click(chromedp.CSS(box+" .opblock-summary-control"), chromedp.NodeVisible),
		chromedp.Click(chromedp.CSS(box+" .try-out__btn"), chromedp.NodeVisible),
		chromedp.Click(chromedp.CSS(box+" .execute"), chromedp.NodeVisible),
	)
}

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// onEachPage runs a test with a browser, on a new development server of each database engine.
func onEachPage(t *testing.T, test func(t *testing.T, browser context.Context, inst installation, s *server), environment ...string) {
	t.Helper()
	browser := startBrowser(t)
	onEachServer(t, func(t *testing.T, inst installation, s *server) { test(t, browser, inst, s) }, environment...)
}

// openPage opens a page of the service in a new tab and waits for its heading.
func openPage(browser context.Context, t *testing.T, s *server, path string) *page {
	t.Helper()
	return openTab(browser, t, s.url+path, "h1")
}

// openAs opens a page as a development user who has signed in with the browser.
func openAs(browser context.Context, t *testing.T, s *server, username, path string) *page {
	t.Helper()
	p := openPage(browser, t, s, "/account/sign-in?next="+url.QueryEscape(path))
	p.signInAs(username, devPassword(username))
	p.waitForPath(path)
	p.do(chromedp.WaitVisible(chromedp.CSS("h1")))
	return p
}

// signInAs fills in the sign-in page.
func (p *page) signInAs(username, password string) {
	p.t.Helper()
	p.fill("username", username)
	p.fill("password", password)
	p.press("Sign in")
}

// find is JavaScript that finds a visible button or link by its name, as users and screen readers see it.
const find = `(name => [...document.querySelectorAll('dialog[open] button, dialog[open] a, button, a')].find(e =>
	(e.getAttribute('aria-label') ?? e.innerText).trim() === name && e.offsetParent !== null))`

func quoted(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

// until waits until a JavaScript expression is true.
func (p *page) until(condition string, message ...any) {
	p.t.Helper()
	holds := evaluate[bool](p, fmt.Sprintf(`new Promise(resolve => {
		const end = Date.now() + %d;
		const look = () => {
			let holds = false;
			try { holds = Boolean(%s); } catch {}
			holds || Date.now() > end ? resolve(holds) : setTimeout(look, 20);
		};
		look();
	})`, waitTimeout.Milliseconds(), condition))
	if !holds {
		require.Fail(p.t, "did not come true: "+condition, "%v\nthe page shows:\n%s", message, evaluate[string](p, `document.body.innerText`))
	}
}

// waitForText waits until the page shows a text.
func (p *page) waitForText(text string) {
	p.t.Helper()
	p.until(`document.body.innerText.includes(` + quoted(text) + `)`)
}

// waitForPath waits until the page has another path.
func (p *page) waitForPath(path string) {
	p.t.Helper()
	p.untilLoaded(`location.pathname === ` + quoted(path))
}

// waitForView waits until the page shows another view, whose heading has the keyboard. What is typed before that is lost.
func (p *page) waitForView(path string) {
	p.t.Helper()
	p.waitForPath(path)
	p.untilLoaded(`document.activeElement.tagName === 'H1'`)
}

// untilLoaded is until for conditions during which the browser may load another document.
func (p *page) untilLoaded(condition string) {
	p.t.Helper()
	eventually(p.t, func() bool {
		holds, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](condition))
		return err == nil && holds
	})
}

// press presses a button or follows a link.
func (p *page) press(name string) {
	p.t.Helper()
	p.until(find + `(` + quoted(name) + `)`)
	evaluate[bool](p, `(e => { e.focus(); e.click(); return true; })(`+find+`(`+quoted(name)+`))`)
}

// fill types a value into the field of a name, in the open dialog if there is one.
func (p *page) fill(name, value string) {
	p.t.Helper()
	field := `(document.querySelector('dialog[open] [name=` + name + `]') ?? document.querySelector('[name=` + name + `]'))`
	p.until(field)
	evaluate[bool](p, field+`.focus(), `+field+`.select(), true`)
	if value == "" {
		p.do(chromedp.KeyEvent("\b"))
		return
	}
	p.do(chromedp.KeyEvent(value))
}

// heading returns the text of the heading.
func (p *page) heading() string { return evaluate[string](p, `document.querySelector('h1').innerText`) }

// requests returns how many requests the page has sent with a method to a path of the API.
func (p *page) requests(method, path string) int {
	n := 0
	for _, request := range p.recorded().requests {
		if u, err := url.Parse(request.URL); err == nil && u.Path == path && request.Method == method {
			n++
		}
	}
	return n
}

// requireClean requires that the page has logged no error. A violation of its Content-Security-Policy is one.
func (p *page) requireClean() {
	p.t.Helper()
	require.Empty(p.t, p.recorded().consoleErrors)
}

// look sets the color scheme and the size of the page.
func (p *page) look(scheme string, width, height int) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	require.NoError(p.t, err)
	p.do(chromedp.EmulateViewport(int64(width), int64(height)))
}

// requireAccessible requires that axe-core finds nothing in the page, in both color schemes, one of them on a phone
// and one on a desk, and that the page never scrolls sideways.
func (p *page) requireAccessible() {
	p.t.Helper()
	script, err := os.ReadFile(filepath.Join("testdata", "axe", "axe.js"))
	require.NoError(p.t, err)
	_, err = chromedp.Call(p.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: string(script)})
	require.NoError(p.t, err)
	for scheme, width := range map[string]int{"light": 320, "dark": 1000} {
		p.look(scheme, width, 900)
		found := evaluate[[]string](p, `axe.run({iframes: false}).then(result => result.violations.map(v =>
			v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join('\n')))`)
		require.Empty(p.t, found, "%s, %d pixels wide, %s", scheme, width, evaluate[string](p, `location.pathname`))
		require.LessOrEqual(p.t, evaluate[int](p, `document.documentElement.scrollWidth`), width, "the page scrolls sideways")
	}
}

// saveDownloads makes the page save downloads in a directory.
func (p *page) saveDownloads(dir string) {
	p.t.Helper()
	_, err := chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	})
	require.NoError(p.t, err)
}

// setLanguages sets what the browser sends as Accept-Language.
func (p *page) setLanguages(languages string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Accept-Language": languages},
	})
	require.NoError(p.t, err)
}

// forgetAccessToken deletes the cookie of the access token, as if it had expired.
func (p *page) forgetAccessToken(s *server) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: "latchkey_access", URL: s.url})
	require.NoError(p.t, err)
}

// me returns the user of an access token.
func (c caller) me(t *testing.T, token string) object {
	t.Helper()
	got := c.get(t, "/api/auth/users/me", token)
	require.Equal(t, http.StatusOK, got.status, got.body)
	return decode(t, got.body)
}

// wait is how long a test waits to see that something does not happen.
const wait = 300 * time.Millisecond

// hostile is a text that runs a script wherever it is taken for HTML.
const hostile = `"><img src=x onerror=window.attacked=1><script>window.attacked=1</script>${alert(1)}`

// requireNotAttacked requires that the page shows hostile text as text.
func (p *page) requireNotAttacked() {
	p.t.Helper()
	time.Sleep(wait)
	require.True(p.t, evaluate[bool](p, `window.attacked === undefined`))
	require.Zero(p.t, evaluate[int](p, `document.querySelectorAll('[onerror], body script').length`))
}

// shows reports whether a text is in the page.
func (p *page) shows(text string) bool {
	return strings.Contains(evaluate[string](p, `document.body.innerText`), text)
}

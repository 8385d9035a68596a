package e2e

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// Every page satisfies axe-core, in both color schemes and from 320 pixels on.
func TestPagesAreAccessible(t *testing.T) {
	t.Parallel()
	chrome := startBrowser(t)
	s := start(t, newSQLite(t))
	s.mustSignUp(t, "alice", validPassword)
	for _, path := range []string{"/account/sign-in", "/account/sign-up", "/account/forgot", "/account/resend", "/account/verify", "/account/reset#token=x", "/account/none"} {
		openPage(chrome, t, s, path).requireAccessible()
	}
	p := openAs(chrome, t, s, "user", "/account/sessions")
	p.waitForText("This device")
	p.requireAccessible()
	for _, path := range []string{"/account", "/account/email", "/account/password", "/account/data"} {
		p.do(chromedp.Navigate(s.url+path), chromedp.WaitVisible(chromedp.CSS("h1")))
		p.requireAccessible()
	}
	p.do(chromedp.Navigate(s.url + "/account/data"))
	p.press("Delete account…")
	p.fill("current_password", "wrong")
	p.press("Delete account")
	p.until(`document.querySelector('.field-error')`)
	p.requireAccessible()
	p.requireClean()

	inbox := openPage(chrome, t, s, "/dev/mail")
	inbox.until(`document.querySelector('.mails a')`)
	inbox.requireAccessible()
	evaluate[bool](inbox, `document.querySelector('.mails a').click(), true`)
	inbox.until(`document.querySelector('iframe')`)
	inbox.requireAccessible()
	inbox.press("Text")
	inbox.requireAccessible()
	inbox.requireClean()
}

// Everything can be done with the keyboard.
func TestPagesByKeyboard(t *testing.T) {
	t.Parallel()
	chrome := startBrowser(t)
	s := start(t, newSQLite(t))
	p := openPage(chrome, t, s, "/account/sign-in")
	p.until(`document.activeElement.name === 'username'`)
	p.do(chromedp.KeyEvent("user"), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(devPassword("user")), chromedp.KeyEvent(kb.Enter))
	p.waitForView("/account")
	p.tabTo("Your data")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.waitForPath("/account/data")
	p.until(`document.activeElement.tagName === 'H1'`, "a new view takes the keyboard")
	p.tabTo("Delete account…")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until(`document.querySelector('dialog[open]').contains(document.activeElement)`)
	for range 8 { // the keyboard stays in the dialog, or goes to the browser's own controls
		p.do(chromedp.KeyEvent(kb.Tab))
		require.True(t, evaluate[bool](p, `document.activeElement === document.body || document.querySelector('dialog[open]').contains(document.activeElement)`))
	}
	p.do(chromedp.KeyEvent(kb.Escape))
	p.until(`!document.querySelector('dialog') && document.activeElement.innerText === 'Delete account…'`)
	p.tabTo("Sign out")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.waitForPath("/account/sign-in")
	p.requireClean()
}

// tabTo presses Tab until the element of a name has the keyboard. It must be visible that it has.
func (p *page) tabTo(name string) {
	p.t.Helper()
	for range 40 {
		p.do(chromedp.KeyEvent(kb.Tab))
		if evaluate[string](p, `document.activeElement.innerText ?? ''`) == name {
			require.NotEqual(p.t, "none", evaluate[string](p, `getComputedStyle(document.activeElement).outlineStyle`))
			return
		}
	}
	require.Fail(p.t, "not reached with the keyboard: "+name)
}

// Deep links open their view, and the back button goes through the views.
func TestPagesHistory(t *testing.T) {
	t.Parallel()
	chrome := startBrowser(t)
	s := start(t, newSQLite(t))
	p := openAs(chrome, t, s, "user", "/account/password")
	p.press("Email")
	p.waitForPath("/account/email")
	p.press("Sessions")
	p.waitForPath("/account/sessions")
	require.Equal(t, "Sessions · Latchkey", evaluate[string](p, `document.title`))
	evaluate[bool](p, `history.back(), true`)
	p.waitForPath("/account/email")
	p.until(`document.querySelector('h1').innerText === 'Email address' && document.title === 'Email address · Latchkey'`)
	evaluate[bool](p, `history.go(-1), true`)
	p.waitForPath("/account/password")
	evaluate[bool](p, `history.go(2), true`)
	p.waitForPath("/account/sessions")
	p.do(chromedp.Reload())
	p.waitForText("This device")
	p.requireClean()
}

// paintLimit bounds the time to the first paint. On a machine that does nothing else it is 100 ms:
// `make pages` measures that.
var paintLimit = flag.Duration("paint.limit", time.Second, "longest time to the first paint of a page, of the fastest of several loads")

// firstPaint returns how long after its navigation the page was first painted, in milliseconds.
func (p *page) firstPaint() float64 {
	p.t.Helper()
	return evaluate[float64](p, `new Promise(resolve => new PerformanceObserver(list =>
		list.getEntriesByName('first-contentful-paint').forEach(entry => resolve(entry.startTime))).observe({type: 'paint', buffered: true}))`)
}

// transferred returns how many bytes the page and its files took on the wire.
func (p *page) transferred() int {
	p.t.Helper()
	return evaluate[int](p, `performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
		.reduce((sum, entry) => sum + entry.transferSize, 0)`)
}

// A page is small and paints at once.
func TestPagesAreLight(t *testing.T) {
	t.Parallel()
	chrome := startBrowser(t)
	s := start(t, newSQLite(t))
	for _, path := range []string{"/account/sign-in", "/dev/mail"} {
		p := openPage(chrome, t, s, path)
		bytes := p.transferred()
		require.Greater(t, bytes, 10_000)
		require.LessOrEqual(t, bytes, 120_000, path)
		_, err := chromedp.Call(p.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
		require.NoError(t, err)
		var paints []float64
		for range 10 {
			p.do(chromedp.Reload())
			paints = append(paints, p.firstPaint())
		}
		t.Logf("%s: %d bytes, first paints after %.0f ms", path, bytes, paints)
		require.LessOrEqual(t, slices.Min(paints), float64(paintLimit.Milliseconds()), path)
	}
}

// The pages speak the language of the browser, that of the menu, and that of an operator's file.
func TestPagesSpeakLanguages(t *testing.T) {
	t.Parallel()
	chrome := startBrowser(t)
	french := filepath.Join(t.TempDir(), "fr.json")
	require.NoError(t, os.WriteFile(french, []byte(`{"signin.title": "Se connecter", "title.sign-in": "Se connecter"}`), 0o600))
	s := start(t, newSQLite(t), "LATCHKEY_TEXTS="+french, "LATCHKEY_BRAND_NAME=Acmé <b>", "LATCHKEY_BRAND_COLOR=#ffcc00")
	p := openPage(chrome, t, s, "/account/sign-in")
	require.Equal(t, "Acmé <b>", p.text(".brand span"))
	for languages, heading := range map[string]string{"de-CH, en;q=0.5": "Anmelden", "fr": "Se connecter", "xx": "Sign in"} {
		p.setLanguages(languages)
		p.do(chromedp.Reload())
		p.until(`document.querySelector('h1').innerText === ` + quoted(heading))
	}
	evaluate[bool](p, `(() => {
		const menu = document.querySelector('.language select');
		menu.value = 'de';
		menu.dispatchEvent(new Event('change', {bubbles: true}));
		return true;
	})()`)
	p.untilLoaded(`document.documentElement.lang === 'de' && document.querySelector('h1')?.innerText === 'Anmelden'`)
	p.requireAccessible()
	p.fill("username", "user")
	p.fill("password", "falsch")
	p.press("Anmelden")
	p.waitForText("Der Benutzername oder das Passwort ist falsch.")
	p.requireClean()
}

// The inbox of development shows what arrives while it is open, safely, and can be cleared.
func TestInboxPage(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, inst installation, s *server) {
		p := openPage(chrome, t, s, "/dev/mail")
		p.waitForText("No emails yet")
		name := "eve <img src=x onerror=window.attacked=1>"
		s.call(t, s.devToken(t, "admin"), "POST /api/users", object{"username": "eve", "name": name, "email": "eve@example.com"})
		s.forgotPassword(t, "user@example.com")
		inst.waitForEmail(t, "user@example.com", resetSubject)
		p.waitForText("Reset your Latchkey password")
		p.until(`document.querySelectorAll('.mails a').length === 2`)
		evaluate[bool](p, `[...document.querySelectorAll('.mails a')].find(a => a.innerText.includes('user@')).click(), true`)
		p.waitForText("To user@example.com")
		p.until(`document.querySelector('iframe').sandbox.contains('allow-popups')`)
		require.False(t, evaluate[bool](p, `document.querySelector('iframe').sandbox.contains('allow-scripts')`))
		p.press("Text")
		p.waitForText("Open this link")
		p.requireNotAttacked()
		require.Contains(t, evaluate[string](p, find+`("Open the link").href`), "/account/reset#token=et_")
		p.requireClean()

		p.press("Clear all")
		p.waitForText("2 messages are deleted.")
		evaluate[bool](p, `document.querySelector('dialog button[type=submit]').click(), true`)
		p.waitForText("No emails yet")
		require.Empty(t, inst.emails(t, "user@example.com", ""))
		p.requireClean()
	})
}

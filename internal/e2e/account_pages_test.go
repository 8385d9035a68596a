package e2e

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A stranger who opens the account pages signs up, and confirms the address with the link of the email.
func TestAccountSignUp(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, inst installation, s *server) {
		p := openPage(chrome, t, s, "/account/email")
		p.waitForPath("/account/sign-in")
		p.press("Create an account")
		p.waitForView("/account/sign-up")
		p.fill("email", "alice@example.com")
		p.fill("password", "short")
		p.press("Create account")
		p.waitForText("at least 8 characters")
		p.fill("username", "user")
		p.fill("password", validPassword)
		p.press("Create account")
		p.waitForText("taken")
		p.fill("username", "alice")
		p.press("Create account")
		p.waitForPath("/account/email")
		p.waitForText("Not confirmed")
		token := s.token(t, "alice", validPassword)
		require.Equal(t, false, s.me(t, token)["email_verified"])

		oneTime := inst.waitForToken(t, "alice@example.com", verifySubject)
		p.do(chromedp.Navigate(s.url + "/account/verify#token=" + oneTime))
		p.waitForText("Press the button")
		require.Empty(t, evaluate[string](p, `location.hash`), "the token leaves the address bar at once")
		require.Equal(t, false, s.me(t, token)["email_verified"], "opening the link confirms nothing")
		p.press("Confirm email address")
		p.waitForText("Your email address is confirmed.")
		require.Equal(t, true, s.me(t, token)["email_verified"])
		p.press("Go to your account")
		p.waitForPath("/account")
		p.press("Email")
		p.waitForText("Confirmed")

		again := openPage(chrome, t, s, "/account/verify#token="+oneTime)
		again.press("Confirm email address")
		again.until(`document.querySelector('[role=alert]').innerText.includes('used already')`)
		again.waitForText("Request id:")
		p.requireClean()
	})
}

// A user changes name and username; what is empty is removed.
func TestAccountProfile(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, _ installation, s *server) {
		token := s.devToken(t, "user")
		p := openAs(chrome, t, s, "user", "/account")
		require.Equal(t, "user", p.heading())
		p.fill("name", "Ursula Example")
		p.fill("username", "moderator")
		p.press("Save")
		p.waitForText("taken")
		require.Nil(t, s.me(t, token)["name"])
		p.fill("username", "ursula")
		p.press("Save")
		p.waitForText("Saved")
		me := s.me(t, token)
		require.Equal(t, "Ursula Example", me["name"])
		require.Equal(t, "ursula", me["username"])
		require.Equal(t, "Ursula Example", p.heading())
		require.Equal(t, "UE", evaluate[string](p, `document.querySelector('.initials').innerText`))
		p.requireClean()
	})
}

// A new address needs the password, and counts once the link to it has been followed.
func TestAccountEmail(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, inst installation, s *server) {
		token := s.devToken(t, "user")
		p := openAs(chrome, t, s, "user", "/account/email")
		p.fill("email", "new@example.com")
		p.fill("current_password", "wrong")
		p.press("Change email address")
		p.until(`document.activeElement.name === 'current_password' && document.activeElement.getAttribute('aria-invalid') === 'true'`)
		p.fill("current_password", devPassword("user"))
		p.press("Change email address")
		p.waitForText("We have sent a link to new@example.com")
		require.Equal(t, "user@example.com", s.me(t, token)["email"])
		p.do(chromedp.Navigate(s.url + "/account/verify#token=" + inst.waitForToken(t, "new@example.com", verifySubject)))
		p.press("Confirm email address")
		p.waitForText("Your email address is confirmed.")
		require.Equal(t, "new@example.com", s.me(t, token)["email"])
		p.requireClean()
	})
}

// A new password ends the other sessions and not this one.
func TestAccountPassword(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, _ installation, s *server) {
		other := s.devToken(t, "user")
		p := openAs(chrome, t, s, "user", "/account/password")
		p.fill("current_password", devPassword("user"))
		p.fill("password", "quite another one")
		p.press("Show")
		require.Equal(t, "text", evaluate[string](p, `document.querySelector('[name=current_password]').type`))
		p.press("Change password")
		p.waitForText("Your password has been changed")
		require.Empty(t, evaluate[string](p, `document.querySelector('[name=password]').value`))
		s.requireTokenRejected(t, other)
		s.requireLoginFails(t, "user", devPassword("user"))
		s.token(t, "user", "quite another one")
		p.press("Profile")
		p.waitForPath("/account")
		p.waitForText("user@example.com")
		p.requireClean()
	})
}

// A user sees where they are signed in, ends one session, then all others, then this one.
func TestAccountSessions(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, _ installation, s *server) {
		tokens := []string{s.devToken(t, "user"), s.devToken(t, "user"), s.devToken(t, "user")}
		p := openAs(chrome, t, s, "user", "/account/sessions")
		p.waitForText("You are signed in 4 times")
		p.waitForText("Chrome on Linux")
		p.press("Sign out: Go-http-client/1.1")
		p.waitForText("You are signed in 3 times")
		live := 0
		for _, token := range tokens {
			if s.get(t, "/api/auth/users/me", token).status == http.StatusOK {
				live++
			}
		}
		require.Equal(t, 2, live)
		p.press("Sign out the others")
		p.waitForText("2 other sessions end at once")
		p.do(chromedp.KeyEvent("\x1b")) // Escape
		p.until(`!document.querySelector('dialog')`)
		require.Equal(t, "Sign out the others", evaluate[string](p, `document.activeElement.innerText`), "the keyboard is where it was")
		p.press("Sign out the others")
		evaluate[bool](p, `document.querySelector('dialog button[type=submit]').click(), true`)
		p.waitForText("You are signed in once")
		for _, token := range tokens {
			s.requireTokenRejected(t, token)
		}
		p.press("Sign out: Chrome on Linux")
		p.waitForPath("/account/sign-in")
		require.False(t, evaluate[bool](p, `document.cookie.includes('logged_in')`))
		p.requireClean()
	})
}

// A user downloads everything that is stored about them, and deletes the account.
func TestAccountData(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, _ installation, s *server) {
		p := openAs(chrome, t, s, "user", "/account/data")
		dir := t.TempDir()
		p.saveDownloads(dir)
		p.press("Download")
		p.waitForText("Your data has been downloaded.")
		var text []byte
		eventually(t, func() bool {
			text, _ = os.ReadFile(filepath.Join(dir, "Latchkey-user.json")) // an error until it is there
			return len(text) > 0
		})
		require.Equal(t, "user@example.com", decode(t, string(text))["user"].(object)["email"])

		p.press("Delete account…")
		p.fill("current_password", "wrong")
		p.press("Delete account")
		p.waitForText("current password is")
		s.devToken(t, "user")
		p.fill("current_password", devPassword("user"))
		p.press("Delete account")
		p.waitForPath("/account/sign-in")
		p.waitForText("Your account has been deleted.")
		s.requireLoginFails(t, "user", devPassword("user"))
		require.False(t, evaluate[bool](p, `document.cookie.includes('logged_in')`))
		p.requireClean()
	})
}

// A user who forgot the password sets a new one with the link of an email.
func TestAccountReset(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, inst installation, s *server) {
		p := openPage(chrome, t, s, "/account/sign-in")
		p.signInAs("user", "wrong")
		p.waitForText("The username or the password is wrong.")
		p.press("Forgot your password?")
		p.waitForView("/account/forgot")
		p.fill("email", "user@example.com")
		p.press("Send link")
		p.waitForText("If there is an account")
		p.do(chromedp.Navigate(s.url + "/account/reset#token=" + inst.waitForToken(t, "user@example.com", resetSubject)))
		p.fill("password", "password1")
		p.press("Set password")
		p.until(`document.querySelector('.field-error')`)
		p.fill("password", "a whole new one")
		p.press("Set password")
		p.waitForText("Your password has been changed.")
		s.token(t, "user", "a whole new one")
		p.press("Go to your account")
		p.waitForView("/account/sign-in")
		p.signInAs("user@example.com", "a whole new one")
		p.waitForPath("/account")
		p.requireClean()
	})
}

// When the session has ended elsewhere, the next call leads to the sign-in page, and that back.
func TestAccountSessionEndsElsewhere(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, _ installation, s *server) {
		p := openAs(chrome, t, s, "user", "/account/sessions")
		p.waitForText("This device")
		ended := s.call(t, s.devToken(t, "user"), "DELETE /api/auth/users/me/sessions?include_current=true")
		require.Equal(t, http.StatusNoContent, ended.status)
		p.press("Profile")
		p.waitForPath("/account")
		p.press("Sessions")
		p.waitForPath("/account/sign-in")
		p.waitForText("Your session has ended.")
		p.signInAs("user", devPassword("user"))
		p.waitForPath("/account/sessions")
		p.waitForText("This device")
		p.requireClean()
	})
}

// An expired access token is renewed once, by whichever call notices, and the user notices nothing.
func TestAccountRefreshesSilently(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, _ installation, s *server) {
		p := openAs(chrome, t, s, "user", "/account")
		p.forgetAccessToken(s)
		statuses := evaluate[[]string](p, `import(document.querySelector('script[type=module]').src.replace('account/main.js', 'api.js'))
			.then(api => Promise.all(Array.from({length: 10}, () => api.get('api/auth/users/me').then(user => user.username))))`)
		require.Len(t, statuses, 10)
		require.Equal(t, 1, p.requests(http.MethodPost, "/api/auth/refresh"))
		p.forgetAccessToken(s)
		p.press("Sessions")
		p.waitForText("You are signed in once")
		require.Equal(t, 2, p.requests(http.MethodPost, "/api/auth/refresh"))
		p.requireClean()
	})
}

// However often a button is pressed, the request is sent once.
func TestAccountDoubleSubmit(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, inst installation, s *server) {
		p := openPage(chrome, t, s, "/account/forgot")
		p.fill("email", "user@example.com")
		evaluate[bool](p, `(() => {
			const button = document.querySelector('button[type=submit]');
			for (let i = 0; i < 5; i++) { button.click(); button.form.requestSubmit(); }
			return true;
		})()`)
		p.waitForText("If there is an account")
		require.Equal(t, 1, p.requests(http.MethodPost, "/api/auth/forgot-password"))
		inst.waitForEmail(t, "user@example.com", resetSubject)
	})
}

// The pages lead back to an application whose origin is allowed, and to no other page.
func TestAccountReturnsToApplication(t *testing.T) {
	t.Parallel()
	chrome := startBrowser(t)
	s := start(t, newSQLite(t))
	app := serveFrontEnd(t, s.url)
	p := openPage(chrome, t, s, "/account/sign-in?return_to="+app+"/welcome")
	p.waitForText("You will return to 127.0.0.1:")
	p.signInAs("user", devPassword("user"))
	p.untilLoaded(`location.href === ` + quoted(app+"/welcome"))
	p.do(chromedp.Navigate(s.url + "/account?return_to=" + app + "/settings"))
	p.until(`[...document.querySelectorAll('a')].some(a => a.href === ` + quoted(app+"/settings") + `)`)

	for _, address := range []string{"https://evil.example/", "javascript:alert(1)", "//evil.example", "https://localhost.evil.example"} {
		for _, parameter := range []string{"return_to", "next"} {
			other := openPage(chrome, t, s, "/account/sign-in?"+parameter+"="+address)
			require.False(t, other.shows("evil.example"), address)
			other.signInAs("user", devPassword("user"))
			other.waitForPath("/account")
			require.Equal(t, s.url, evaluate[string](other, `location.origin`))
		}
	}
}

// What users write about themselves is shown as text, in every view.
func TestAccountHostileText(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, _ installation, s *server) {
		token := s.devToken(t, "user")
		got := s.call(t, token, "PATCH /api/auth/users/me", object{"name": hostile, "picture": "javascript:window.attacked=1", "username": `<b>&"'`})
		if got.status == http.StatusUnprocessableEntity { // a username like that is refused
			got = s.call(t, token, "PATCH /api/auth/users/me", object{"name": hostile})
		}
		require.Equal(t, http.StatusOK, got.status, got.body)
		r := s.newRequest(t, "POST /token", "application/x-www-form-urlencoded", "grant_type=password&username=user@example.com&password="+devPassword("user"))
		r.Header.Set("User-Agent", hostile)
		require.Equal(t, http.StatusOK, send(t, s.httpClient(t), r).status)
		p := openPage(chrome, t, s, "/account/sign-in")
		p.signInAs("user@example.com", devPassword("user"))
		p.waitForPath("/account")
		p.do(chromedp.WaitVisible(chromedp.CSS("h1")))
		require.Equal(t, hostile, p.heading())
		p.requireNotAttacked()
		for _, path := range []string{"/account/email", "/account/sessions", "/account/data",
			"/account/sign-in?next=/account/email?x=" + hostile, "/account/none" + hostile, "/account/verify#token=" + hostile} {
			p.do(chromedp.Navigate(s.url + path))
			p.do(chromedp.WaitVisible(chromedp.CSS("h1")))
			p.requireNotAttacked()
		}
		p.requireClean()
		// The test would notice: the policy stops what the page does not.
		evaluate[bool](p, `document.body.append(Object.assign(document.createElement('div'), {style: 'x'})), (() => {
			try { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.attacked=1>'); } catch { return true; }
		})()`)
		eventually(t, func() bool { return len(p.recorded().consoleErrors) > 0 })
		require.True(t, evaluate[bool](p, `window.attacked === undefined`))
	})
}

// A page of another origin cannot act for a user who is signed in, nor show the pages in a frame.
func TestAccountCrossOrigin(t *testing.T) {
	t.Parallel()
	chrome := startBrowser(t)
	s := startListed(t, "https://app.example.com")
	p := openPage(chrome, t, s, "/account/sign-in")
	p.signInAs("user", devPassword("user"))
	p.waitForPath("/account")
	evil := serveFrontEnd(t, s.url) // the same site as far as cookies go, another origin
	p.do(chromedp.Navigate(evil))
	for _, path := range []string{"/api/auth/logout", "/api/auth/refresh", "/api/auth/login"} {
		require.Equal(t, "opaque", evaluate[string](p, `fetch(auth + `+quoted(path)+`, {method: "POST", mode: "no-cors", credentials: "include"}).then(r => r.type)`))
	}
	evaluate[bool](p, `document.body.append(Object.assign(document.createElement('iframe'), {src: auth + '/account'})), true`)
	time.Sleep(wait)
	require.True(t, evaluate[bool](p, `(() => { try { return !frames[0].document.querySelector('h1'); } catch { return true; } })()`))
	p.do(chromedp.Navigate(s.url + "/account/sessions"))
	p.waitForText("This device")
}

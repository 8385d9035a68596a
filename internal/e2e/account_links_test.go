package e2e

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Where only a confirmed address can sign in, a user whose link was lost asks for another one.
func TestAccountConfirmationAgain(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, inst installation, s *server) {
		p := openPage(chrome, t, s, "/account/sign-up")
		p.signUpAs("alice")
		p.waitForText("We have sent a link to alice@example.com.")
		inst.loseEmail(t, inst.waitForEmail(t, "alice@example.com", verifySubject))
		p.press("Back to sign in")
		p.waitForView("/account/sign-in")
		p.signInAs("alice", "wrong")
		p.waitForText("is wrong")
		require.False(t, p.shows("Send the link again"))
		p.signInAs("alice", validPassword)
		p.waitForText("Confirm your email address first")
		p.press("Send the link again")
		p.waitForView("/account/resend")
		p.fill("email", "alice@example.com")
		p.press("Send link")
		p.waitForText("Check your email")
		p.do(chromedp.Navigate(s.url + "/account/verify#token=" + inst.waitForToken(t, "alice@example.com", verifySubject)))
		p.press("Confirm email address")
		p.waitForText("Your email address is confirmed.")
		p.press("Go to your account")
		p.waitForView("/account/sign-in")
		p.signInAs("alice", validPassword)
		p.waitForPath("/account")
		p.requireClean()
	}, "LATCHKEY_REQUIRE_VERIFIED_EMAIL=true")
}

// A link that is superseded, used or incomplete leads to one that works.
func TestAccountDeadLinks(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, chrome context.Context, inst installation, s *server) {
		p := openPage(chrome, t, s, "/account/sign-up?next=/account/verify")
		p.signUpAs("alice")
		p.waitForText("This link is incomplete")
		superseded := inst.waitForToken(t, "alice@example.com", verifySubject)
		inst.loseEmail(t, inst.waitForEmail(t, "alice@example.com", verifySubject))
		p.press("Send the link again")
		p.waitForText("We have sent a link to alice@example.com.")
		newest := inst.waitForToken(t, "alice@example.com", verifySubject)
		p.followLink(superseded, "Confirm email address")
		p.requireDead()
		p.until(find + `("Send the link again")`)
		p.followLink(newest, "Confirm email address")
		p.waitForText("Your email address is confirmed.")
		p.followLink(newest, "Confirm email address")
		p.requireDead()
		require.False(t, p.shows("Send the link again"), "there is nothing to confirm")
		p.press("Go to your email address")
		p.waitForPath("/account/email")
		p.waitForText("Confirmed")
		p.requireClean()

		for path, next := range map[string]string{"/account/verify": "/account/resend", "/account/reset": "/account/forgot"} {
			p := openPage(chrome, t, s, path)
			p.waitForText("This link is incomplete")
			p.press("Request another link")
			p.waitForPath(next)
			p.requireClean()
		}
		p = openPage(chrome, t, s, "/account/reset#token="+newest)
		p.fill("password", "a whole new one")
		p.press("Set password")
		p.requireDead()
		p.press("Request another link")
		p.waitForPath("/account/forgot")
		p.requireClean()
	})
}

// signUpAs fills in the sign-up page, with validPassword.
func (p *page) signUpAs(username string) {
	p.t.Helper()
	p.fill("email", username+"@example.com")
	p.fill("username", username)
	p.fill("password", validPassword)
	p.press("Create account")
}

// followLink opens the link of an email in the same tab, and presses the button of its page.
func (p *page) followLink(token, button string) {
	p.t.Helper()
	evaluate[bool](p, `window.before = true, location.hash = 'token=`+token+`', true`)
	p.untilLoaded(`!window.before && document.querySelector('h1') !== null`)
	p.press(button)
}

// requireDead waits until the page says that its link does not work, and offers it no more.
func (p *page) requireDead() {
	p.t.Helper()
	p.until(`document.querySelector('[role=alert]').innerText.includes('used already')`)
	p.until(`document.activeElement.tagName === 'H1' && !document.querySelector('form')`)
}

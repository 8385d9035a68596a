package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// An administrator finds users while typing, by filters, and page by page.
func TestConsoleFindsUsers(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/users", func(t *testing.T, p *page, inst installation, s *server, admin string) {
		inst.populate(t, 120)
		for _, name := range []string{"zoe", "zora"} {
			s.newAccount(t, admin, name)
		}
		p.key("/")
		p.until(`document.activeElement.matches('[data-search]')`)
		p.do(chromedp.KeyEvent("zo"))
		p.until(`document.querySelectorAll('tbody tr').length === 2`)
		p.do(chromedp.KeyEvent("e"))
		p.until(`document.querySelectorAll('tbody tr').length === 1 && location.search === '?q=zoe'`)
		p.do(chromedp.KeyEvent("\b\b\bnobody"))
		p.waitForText("No users found")

		p.open(s, "/users?q=u11", "U119") // a deep link
		p.open(s, "/users", "Next page")
		p.press("Next page")
		p.until(`location.search.startsWith('?cursor=') && document.querySelector('[data-list]')?.dataset.list.split('|')[3]`)
		first := evaluate[string](p, `document.querySelector('tbody a').innerText`)
		p.press("Next page")
		p.until(`document.querySelector('tbody a').innerText !== ` + quoted(first))
		evaluate[bool](p, `history.back(), true`)
		p.until(`document.querySelector('tbody a').innerText === ` + quoted(first))
		p.press("First page")
		p.until(`location.search === ''`)
		p.choose("All roles", "ROLE_ADMIN")
		p.until(`document.querySelectorAll('tbody tr').length === 1 && document.querySelector('tbody').innerText.includes('admin@example.com')`)
		p.choose("All states", "Disabled")
		p.waitForText("No users found")
	})
}

// The form of a new user offers the roles also if it is opened before they have been loaded.
func TestConsoleNewUserBeforeRoles(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/clients", func(t *testing.T, p *page, _ installation, _ *server, _ string) {
		p.waitForText("New client")
		evaluate[bool](p, `(original => {
			const held = new Promise(resolve => { window.release = resolve; });
			window.fetch = async (...request) => {
				if (String(request[0]).endsWith('api/roles')) await held;
				return original(...request);
			};
			return true;
		})(window.fetch)`)
		evaluate[bool](p, `document.querySelector('nav a[href$="/users"]').click(), true`)
		p.waitForText("admin@example.com")
		p.do(chromedp.KeyEvent("n"))
		p.until(`document.querySelector('dialog[open]')`)
		require.False(t, p.shows("All roles"))
		evaluate[bool](p, `window.release(), true`)
		p.check("roles", `[value=ROLE_MODERATOR]`)
	})
}

// Creates and invites users. A second click on the button does nothing, and errors are at their fields.
func TestConsoleCreatesUsers(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/users", func(t *testing.T, p *page, inst installation, s *server, admin string) {
		p.waitForText("admin@example.com")
		p.do(chromedp.KeyEvent("n"))
		p.fill("username", "admin")
		p.fill("email", "nina@example.com")
		p.fill("password", validPassword)
		p.pressInDialog("Create")
		p.waitForText("This username is taken.")
		p.fill("username", "nina")
		p.check("roles", `[value=ROLE_MODERATOR]`)
		evaluate[bool](p, `(button => (button.click(), button.click(), true))(document.querySelector('dialog button[type=submit]'))`)
		p.until(`document.querySelector('h1').innerText === 'nina'`)
		require.Equal(t, 2, p.requests(http.MethodPost, "/api/users"), "one refused, one accepted")
		nina := s.userNamed(t, admin, "nina")
		require.ElementsMatch(t, []any{"ROLE_MODERATOR", "ROLE_USER"}, nina["roles"])
		s.token(t, "nina", validPassword)

		p.open(s, "/users", "admin@example.com")
		p.press("New user")
		p.fill("username", "ivan")
		p.fill("email", "ivan@example.com")
		p.pressInDialog("Create")
		p.waitForText("ivan@example.com receives an email")
		inst.waitForEmail(t, "ivan@example.com", "Set up your Latchkey account")
	})
}

// Everything that an administrator does to a user has its effect.
func TestConsoleManagesAUser(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "", func(t *testing.T, p *page, inst installation, s *server, admin string) {
		id := s.newAccount(t, admin, "alice")
		path := "/api/users/" + id
		token := s.token(t, "alice", validPassword)
		user := func() object { return s.mustCall(t, admin, "GET "+path) }
		p.open(s, "/users/"+id, "user.created")

		p.press("Edit")
		p.fill("name", "Alice Ashworth")
		p.confirm("Save")
		p.waitForText("Alice Ashworth")
		require.Equal(t, "Alice Ashworth", user()["name"])

		p.press("Confirm email address")
		p.waitForText("The email address is confirmed.")
		require.Equal(t, true, user()["email_verified"])

		p.press("Grant") // the first that is missing
		p.waitForText("alice has ROLE_ADMIN now.")
		require.Contains(t, user()["roles"], "ROLE_ADMIN")
		p.press("Revoke ROLE_ADMIN")
		p.waitForText("no longer has ROLE_ADMIN")
		require.NotContains(t, user()["roles"], "ROLE_ADMIN")

		p.press("Sign out everywhere")
		p.confirm("Sign out")
		p.waitForText("Not signed in.")
		require.Equal(t, http.StatusUnauthorized, s.get(t, "/userinfo", token).status)

		p.press("Disable")
		evaluate[bool](p, `document.querySelector('[name=until]').value = '2099-01-02T03:04', true`)
		p.confirm("Disable")
		p.waitForText("until")
		require.Equal(t, false, user()["active"])
		require.Contains(t, user()["disabled_until"], "2099-01-0")
		p.press("Enable")
		p.waitForText("alice can sign in again.")
		require.Equal(t, true, user()["active"])

		p.press("Force reset")
		p.confirm("Force reset")
		inst.waitForEmail(t, "alice@example.com", resetSubject)
		require.Equal(t, http.StatusBadRequest, s.login(t, "alice", validPassword).status)

		p.press("Delete")
		p.fill("typed", "alic")
		require.True(t, evaluate[bool](p, `document.querySelector('dialog button[type=submit]').disabled`))
		p.fill("typed", "alice")
		p.confirm("Delete for good")
		p.waitForPath("/console/users")
		require.Equal(t, http.StatusNotFound, s.call(t, admin, "GET "+path).status)
	})
}

// A file is imported, and its faulty lines are reported.
func TestConsoleImportsUsers(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/users/import", func(t *testing.T, p *page, _ installation, s *server, admin string) {
		file := filepath.Join(t.TempDir(), "users.csv")
		text := "username,email,roles\n"
		for i := range 1200 {
			text += fmt.Sprintf("imported%d,imported%d@example.com,ROLE_USER\n", i, i)
		}
		text += "broken,no address,ROLE_USER\n<b>x</b>,x@example.com,ROLE_NONE\n"
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		p.chooseFile("#file", file)
		p.press("Check only")
		p.waitForText("1,200 would be created, 0 skipped, 2 failed")
		require.Equal(t, http.StatusBadRequest, s.login(t, "imported7", validPassword).status)
		p.press("Import")
		p.waitForText("1,200 created, 0 skipped, 2 failed")
		p.waitForText("This is not an email address")
		s.userNamed(t, admin, "imported1199")
		p.press("Import")
		p.waitForText("0 created, 1,200 skipped, 2 failed")
	})
}

// chooseFile chooses a file in an input.
func (p *page) chooseFile(selector, file string) {
	p.t.Helper()
	p.until(`document.querySelector(` + quoted(selector) + `)`)
	found, err := chromedp.Call(p.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: `document.querySelector(` + quoted(selector) + `)`})
	require.NoError(p.t, err)
	_, err = chromedp.Call(p.ctx, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{file}, ObjectID: found.Result.ObjectID})
	require.NoError(p.t, err)
}

package e2e

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// onEachConsole runs a test with the console open as the administrator, and a token to check its effects
// through the API.
func onEachConsole(t *testing.T, path string, test func(t *testing.T, p *page, inst installation, s *server, admin string), environment ...string) {
	t.Helper()
	b := startBrowser(t)
	onEachServer(t, func(t *testing.T, inst installation, s *server) {
		p := openAs(b, t, s, "admin", "/console"+path)
		test(t, p, inst, s, s.devToken(t, "admin"))
		p.requireClean()
	}, environment...)
}

// open opens a view of the console and waits for a text on it.
func (p *page) open(s *server, path, text string) {
	p.t.Helper()
	p.do(chromedp.Navigate(s.url + "/console" + path))
	p.waitForText(text)
}

// confirm presses a button of the open dialog and waits until the dialog is gone.
func (p *page) confirm(name string) {
	p.t.Helper()
	p.pressInDialog(name)
	p.until(`!document.querySelector('dialog[open]')`, name)
}

// pressInDialog presses a button of the open dialog.
func (p *page) pressInDialog(name string) {
	p.t.Helper()
	button := `[...document.querySelectorAll('dialog[open] button')].find(e => (e.getAttribute('aria-label') ?? e.innerText).trim() === ` + quoted(name) + `)`
	p.until(button+`?.disabled === false`, name)
	evaluate[bool](p, button+`.click(), true`)
}

// choose chooses an option of the menu with a label.
func (p *page) choose(label, option string) {
	p.t.Helper()
	menu := `[...document.querySelectorAll('select')].find(e => (e.ariaLabel ?? e.labels[0]?.innerText) === ` + quoted(label) + `)`
	p.until(menu + `?.querySelector('option')`)
	evaluate[bool](p, `(menu => {
		menu.value = [...menu.options].find(o => o.innerText === `+quoted(option)+`).value;
		return menu.dispatchEvent(new Event('change', {bubbles: true}));
	})(`+menu+`)`)
}

// check sets the check box of a name and value, in the open dialog if there is one.
func (p *page) check(name, value string) {
	p.t.Helper()
	box := `document.querySelector('input[type=checkbox][name=` + name + `]` + value + `')`
	p.until(box)
	evaluate[bool](p, box+`.click(), true`)
}

// key presses a key that is a shortcut. A key event of the browser would also type into the field that has
// the keyboard by then.
func (p *page) key(name string) {
	p.t.Helper()
	evaluate[bool](p, `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: `+quoted(name)+`, bubbles: true})), true`)
}

// mustCall calls the API and returns the body of a successful response.
func (c caller) mustCall(t *testing.T, token, operation string, body ...any) object {
	t.Helper()
	got := c.call(t, token, operation, body...)
	require.Less(t, got.status, 300, "%s: %s", operation, got.body)
	if got.body == "" {
		return nil
	}
	return decode(t, got.body)
}

// userNamed returns a user by username.
func (c caller) userNamed(t *testing.T, token, username string) object {
	t.Helper()
	items, _ := c.mustCall(t, token, "GET /api/users?username="+username)["items"].([]any)
	require.Len(t, items, 1, username)
	return items[0].(object)
}

// newAccount creates a user with validPassword and returns its id.
func (c caller) newAccount(t *testing.T, admin, username string) string {
	t.Helper()
	id, _ := c.mustCall(t, admin, "POST /api/users", object{"username": username, "email": username + "@example.com", "password": validPassword})["id"].(string)
	return id
}

// eventually waits until an operation returns a body for which a condition holds.
func (c caller) eventually(t *testing.T, token, operation string, condition func(object) bool) {
	t.Helper()
	eventually(t, func() bool {
		got := c.call(t, token, operation)
		return got.status == http.StatusOK && condition(decode(t, got.body))
	})
}

// toJSON returns a value as JSON, to look for a text anywhere in it.
func toJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

func TestConsoleManagesRoles(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/roles", func(t *testing.T, p *page, _ installation, s *server, admin string) {
		p.press("New role")
		p.fill("name", "ROLE_AUDITOR")
		p.check("scopes", `[value="audit:read"]`)
		p.confirm("Save")
		p.until(`document.querySelectorAll("tbody tr").length === 4`)
		scopes := func() any { return s.mustCall(t, admin, "GET /api/roles/ROLE_AUDITOR")["scopes"] }
		require.ElementsMatch(t, []any{"audit:read", "profile"}, scopes())
		p.press("Edit ROLE_AUDITOR")
		p.check("scopes", `[value="audit:read"]`)
		p.confirm("Save")
		require.Equal(t, []any{"profile"}, scopes())
		p.press("Delete ROLE_AUDITOR")
		p.fill("typed", "ROLE_AUDITOR")
		p.confirm("Delete")
		require.Equal(t, http.StatusNotFound, s.call(t, admin, "GET /api/roles/ROLE_AUDITOR").status)
	})
}

func TestConsoleManagesClients(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/clients", func(t *testing.T, p *page, _ installation, s *server, admin string) {
		p.press("New client")
		p.fill("id", "shop")
		p.fill("name", "Shop")
		p.check("grants", `[value=client_credentials]`)
		p.pressInDialog("Create")
		secret := p.shownSecret()
		p.confirm("I have stored it")
		p.waitForPath("/console/clients/shop")
		p.until(`!document.body.innerText.includes(` + quoted(secret) + `)`)
		s.clientToken(t, "shop", secret)

		p.press("Rotate")
		p.pressInDialog("Rotate")
		p.waitForText("The new secret of shop")
		next := p.shownSecret()
		require.NotEqual(t, secret, next)
		p.confirm("I have stored it")
		p.waitForText("Two secrets work.")
		s.clientToken(t, "shop", secret)
		s.clientToken(t, "shop", next)

		client := func() object { return s.mustCall(t, admin, "GET /api/clients/shop") }
		p.press("Edit")
		p.fill("name", "The shop")
		p.fill("scopes", "profile")
		p.confirm("Save")
		require.Equal(t, "The shop", client()["name"])
		require.Equal(t, []any{"profile"}, client()["scopes"])
		p.press("Disable")
		p.waitForText("shop is disabled")
		require.Equal(t, false, client()["active"])
		p.press("Activate")
		p.waitForText("shop is active.")
		p.press("Delete")
		p.fill("typed", "shop")
		p.confirm("Delete")
		p.waitForPath("/console/clients")
		require.Equal(t, http.StatusNotFound, s.call(t, admin, "GET /api/clients/shop").status)
	})
}

// shownSecret returns the secret in the open dialog.
func (p *page) shownSecret() string {
	p.t.Helper()
	p.until(`document.querySelector('dialog[open] .copy code')`)
	return evaluate[string](p, `document.querySelector('dialog[open] .copy code').innerText`)
}

func TestConsoleManagesWebhooks(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/webhooks", func(t *testing.T, p *page, _ installation, s *server, admin string) {
		r := newReceiver(t, 0)
		p.press("New webhook")
		p.fill("url", "http://192.0.2.1/hook")
		p.pressInDialog("Create")
		p.waitForText("must start with https://")
		p.fill("url", r.url)
		p.check("events", `[value="user.registered"]`)
		p.pressInDialog("Create")
		secret := p.shownSecret()
		p.confirm("I have stored it")
		p.waitForText("Nothing has been sent yet")
		id := strings.TrimPrefix(evaluate[string](p, `location.pathname`), "/console/webhooks/")

		p.press("Send a test")
		p.waitForText("hook.test")
		p.waitForText("delivered")
		require.Len(t, r.accepted(t, secret), 1)
		p.press("Send hook.test again")
		eventually(t, func() bool { return len(r.accepted(t, secret)) == 2 })
		p.until(`document.querySelector('tbody').innerText.includes('2')`)

		hook := func() object { return s.mustCall(t, admin, "GET /api/hooks/"+id) }
		p.press("Events")
		p.check("events", `[value="user.deleted"]`)
		p.confirm("Save")
		require.Equal(t, []any{"user.deleted", "user.registered"}, hook()["events"])
		p.press("Pause")
		p.waitForText("receives nothing while it is paused")
		require.Equal(t, false, hook()["active"])
		p.press("Activate")
		p.waitForText("The webhook is active.")
		s.mustSignUp(t, "walt", validPassword)
		p.waitForText("user.registered")
		eventually(t, func() bool { return len(r.accepted(t, secret)) == 3 })

		r.refuseNext(1)
		s.mustSignUp(t, "will", validPassword)
		p.waitForText("the receiver returned status 502")
		s.eventually(t, admin, "GET /api/stats", func(stats object) bool { return strings.Contains(toJSON(t, stats), "webhook_failing") })
		p.open(s, "", "does not accept 1 event")

		p.open(s, "/webhooks/"+id, "Delete this webhook")
		p.press("Delete")
		p.fill("typed", strings.TrimSuffix(strings.TrimPrefix(r.url, "http://"), "/hook"))
		p.confirm("Delete")
		p.waitForPath("/console/webhooks")
		require.Equal(t, http.StatusNotFound, s.call(t, admin, "GET /api/hooks/"+id).status)
	})
}

func TestConsoleManagesKeys(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/keys", func(t *testing.T, p *page, _ installation, s *server, admin string) {
		keys := func() []any {
			items, _ := s.mustCall(t, admin, "GET /api/keys")["items"].([]any)
			return items
		}
		first := keys()[0].(object)
		p.press("Rotate")
		p.fill("hours", "0")
		p.pressInDialog("Create the key")
		p.waitForText("Verifiers cache the keys")
		p.fill("hours", "48")
		p.confirm("Create the key")
		p.waitForText("pending")
		require.Len(t, keys(), 2)
		require.True(t, evaluate[bool](p, `document.querySelectorAll('.timeline .published').length === 1`))

		p.press("Revoke key 1")
		p.confirm("Revoke")
		admin = s.devToken(t, "admin") // the token before was signed with it
		require.False(t, s.publishes(t, first["id"].(string)))
		p.until(`document.querySelectorAll('tbody tr').length === ` + strconv.Itoa(len(keys())))
		events := toJSON(t, s.mustCall(t, admin, "GET /api/audit?action=key.revoked"))
		require.Contains(t, events, first["id"])
	})
}

// The log is filtered, exported, and followed.
func TestConsoleShowsTheAuditLog(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/audit", func(t *testing.T, p *page, _ installation, s *server, admin string) {
		s.newAccount(t, admin, "alice")
		require.Equal(t, http.StatusBadRequest, s.login(t, "alice", "wrong").status)
		p.press("Follow")
		p.until(`location.search === '?live=on'`)
		p.waitForText("failed")
		s.newAccount(t, admin, "bob")
		p.until(`document.querySelector('tbody').innerText.includes('bob')`, "the new event appears by itself")
		p.press("Stop following")
		p.choose("All outcomes", "Failed")
		p.until(`document.querySelectorAll('tbody tr').length === 1 && document.querySelector('tbody').innerText.includes('alice')`)
		p.choose("All outcomes", "All outcomes")
		p.choose("All actions", "user.created")
		p.until(`document.querySelectorAll('tbody tr').length === 5`) // three of development

		evaluate[bool](p, `(window.saved = [], URL.createObjectURL = blob => { saved.push(blob); return '#'; }, true)`)
		p.press("Export CSV")
		p.until(`window.saved.length === 1`)
		text := evaluate[string](p, `window.saved[0].text()`)
		require.Equal(t, 6, strings.Count(text, "\r\n"))
		require.Contains(t, text, ",user.created,success,")
		p.press("Export JSON")
		p.until(`window.saved.length === 2`)
		require.Equal(t, 5, strings.Count(evaluate[string](p, `window.saved[1].text()`), "\n"))
	})
}

// The log is filtered by who a user is. A user who cannot be found leaves no events of others below the error.
func TestConsoleFiltersTheAuditLogByUser(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/audit", func(t *testing.T, p *page, _ installation, s *server, admin string) {
		id := s.newAccount(t, admin, "alice")
		ask := func(user string) {
			p.until(`document.querySelectorAll('tbody tr').length > 2`)
			p.fill("user", user)
			p.do(chromedp.KeyEvent("\r"))
			p.until(`new URLSearchParams(location.search).get('user') === ` + quoted(user))
		}
		for _, user := range []string{"alice", "ALICE@example.com", id} {
			ask(user)
			p.until(`[...document.querySelectorAll('tbody tr')].map(row => row.innerText.includes('alice')).join() === 'true'`, user)
			require.Equal(t, "user", evaluate[string](p, `document.activeElement.name`), "the keyboard stays in the field")
			p.press("Audit log")
		}
		ask("nobody")
		p.waitForText("There is no user nobody")
		require.Zero(t, evaluate[int](p, `document.querySelectorAll('tbody tr').length`))
		p.press("Export CSV")
		p.until(`document.querySelector('.toast')?.innerText.includes('There is no user nobody')`)
		p.press("Audit log")
		p.until(`document.querySelector('[name=user]').value === '' && document.querySelector('tbody tr')`)

		s.mustCall(t, admin, "PUT /api/roles/ROLE_AUDITOR", object{"scopes": []string{"audit:read"}})
		s.mustCall(t, admin, "PUT /api/users/"+id+"/roles/ROLE_AUDITOR")
		auditor := openPage(p.ctx, t, s, "/account/sign-in?next=/console/audit?user=alice")
		auditor.signInAs("alice", validPassword)
		auditor.waitForPath("/console/audit")
		auditor.waitForText("needs the scope users:read")
		auditor.until(`document.querySelector('[name=user]').ariaLabel === 'Id of a user'`)
		auditor.requireClean()
	})
}

// Settings show where they come from, and no secrets.
func TestConsoleShowsSettings(t *testing.T) {
	t.Parallel()
	const smtpPassword = "smtp-canary-7191"
	onEachConsole(t, "/settings", func(t *testing.T, p *page, inst installation, s *server, admin string) {
		p.waitForText("LATCHKEY_SESSION_IDLE")
		row := func(name string) string {
			return evaluate[string](p, `[...document.querySelectorAll('tr')].find(r => r.querySelector('code')?.innerText === `+quoted(name)+`).innerText`)
		}
		require.Contains(t, row("LATCHKEY_SESSION_IDLE"), "100h0m0s")
		require.Contains(t, row("LATCHKEY_SESSION_IDLE"), "environment")
		require.Contains(t, row("LATCHKEY_DEV"), "flag")
		require.Contains(t, row("LATCHKEY_SESSION_MAX"), "default")
		require.Contains(t, row("LATCHKEY_SMTP_PASSWORD"), "never shown")
		all := s.call(t, admin, "GET /api/settings").body
		require.NotContains(t, all, smtpPassword)
		_, credentials, _ := strings.Cut(inst.database, "//")
		if user, _, found := strings.Cut(credentials, "@"); found {
			if _, password, found := strings.Cut(user, ":"); found {
				require.NotContains(t, all, password)
			}
		}
	}, "LATCHKEY_SESSION_IDLE=100h", "LATCHKEY_SMTP_PASSWORD="+smtpPassword)
}

// A token is fetched, looked into, used, renewed and revoked, without touching the session of the console.
func TestConsoleTriesTokens(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/try", func(t *testing.T, p *page, _ installation, s *server, _ string) {
		p.fill("username", "user")
		p.fill("password", "wrong")
		p.press("Get a token")
		p.waitForText("The username or the password is wrong.")
		p.waitForText("Request id:")
		p.fill("password", devPassword("user"))
		p.press("Get a token")
		p.waitForText("what it allows")
		token := evaluate[string](p, `document.querySelector('.copy code').innerText`)
		require.Equal(t, http.StatusOK, s.get(t, "/userinfo", token).status)
		p.press("Call /userinfo")
		p.waitForText(`"preferred_username": "user"`)
		p.requireExplained("listUsers", "rejected with 403 insufficient_scope", "the token lacks users:read")
		p.requireExplained("getUserContent", "accepted", "user, active")
		p.requireAccessible()
		p.press("Refresh")
		p.waitForText("The tokens have been renewed.")
		require.NotEqual(t, token, evaluate[string](p, `document.querySelector('.copy code').innerText`))
		p.press("Revoke")
		p.waitForText("The session has ended.")
		require.Equal(t, http.StatusUnauthorized, s.get(t, "/userinfo", token).status)
		evaluate[bool](p, `(box => { box.value = `+quoted(token)+`; return box.dispatchEvent(new Event("input", {bubbles: true})); })(document.querySelector("#token"))`)
		p.waitForText("what it allows")
		p.requireExplained("", "rejected with 401 invalid_token", "(revoked)")
		require.NotContains(t, s.wholeLog(t), token)
		p.open(s, "", "Active sessions") // still signed in
	})
}

// requireExplained explains the token that is shown, for an operation, or none if empty.
func (p *page) requireExplained(operation, verdict, reason string) {
	p.until(`document.querySelector('[data-explain] select')`)
	evaluate[bool](p, `(select => { select.value = `+quoted(operation)+`; return select.value === `+quoted(operation)+`; })(document.querySelector('[data-explain] select'))`)
	p.press("Explain")
	p.until(`document.querySelector('[data-result]')?.innerText === `+quoted(verdict)+` && document.querySelector('[data-verdict]').innerText.includes(`+quoted(reason)+`)`, reason)
}

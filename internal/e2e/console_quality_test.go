package e2e

import (
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Every view of the console satisfies axe-core, in both color schemes and from 320 pixels on, and so do its
// dialogs.
func TestConsoleIsAccessible(t *testing.T) {
	t.Parallel()
	p, s, alice := openFilledConsole(t)
	for _, view := range consoleViews {
		p.open(s, strings.Replace(view.path, "ALICE", alice, 1), view.text)
		p.requireAccessible()
	}
	for path, button := range map[string]string{"/users": "New user", "/roles": "New role", "/clients/web-shop": "Rotate", "/webhooks": "New webhook", "/users/" + alice: "Delete", "/keys": "Keys"} {
		p.look("light", 1000, 900) // the button of the keys is not on a phone
		p.open(s, path, "Settings")
		p.press(button)
		p.until(`document.querySelector('dialog[open]')`)
		p.requireAccessible()
	}
	p.open(s, "/none", "Page not found")
	p.requireAccessible()
}

// The keyboard is enough, links are deep, and the back button goes back.
func TestConsoleByKeyboard(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	s := start(t, newSQLite(t))
	p := openAs(b, t, s, "admin", "/console/settings")
	p.waitForText("LATCHKEY_LISTEN")
	for _, section := range [][2]string{{"u", "/console/users"}, {"k", "/console/keys"}, {"o", "/console"}, {"a", "/console/audit"}} {
		p.key("g")
		p.key(section[0])
		p.waitForPath(section[1])
		p.until(`document.activeElement.tagName === 'H1'`)
	}
	evaluate[bool](p, `history.back(), true`)
	p.waitForPath("/console")
	p.key("?")
	p.waitForText("Close a dialog")
	p.key("g")
	p.key("u")
	p.pressInDialog("Close")
	p.waitForPath("/console") // shortcuts rest while a dialog is open
	p.key("g")
	p.key("u")
	p.waitForText("moderator@example.com")
	p.tabTo("moderator")
	p.do(chromedp.KeyEvent("\r"))
	p.until(`document.querySelector('h1').innerText === 'moderator' && document.title === 'User · Latchkey console'`)
	p.requireClean()
}

// What a user may not do is not shown, and a user without scopes has only the account pages.
func TestConsoleShowsWhatIsAllowed(t *testing.T) {
	t.Parallel()
	onEachPage(t, func(t *testing.T, b context.Context, _ installation, s *server) {
		p := openAs(b, t, s, "user", "/console/users")
		p.waitForText("No access")
		require.Zero(t, evaluate[int](p, `document.querySelectorAll('nav a').length`))
		require.Zero(t, p.requests(http.MethodGet, "/api/users"))
		p.press("Your account")
		p.waitForPath("/account")

		p = openAs(b, t, s, "moderator", "/console")
		p.waitForPath("/console/users")
		p.waitForText("admin@example.com")
		require.Equal(t, "Users Try it", evaluate[string](p, `[...document.querySelectorAll('nav a')].map(a => a.innerText).join(' ')`))
		require.False(t, p.shows("New user"))
		p.open(s, "/keys", "keys:read")
		require.Zero(t, p.requests(http.MethodGet, "/api/keys"))
		p.requireClean()
	})
}

// A session that ended elsewhere leads to the sign-in page, and back to the view. An error has its request id.
func TestConsoleSessionEnds(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "/users", func(t *testing.T, p *page, _ installation, s *server, admin string) {
		p.waitForText("moderator@example.com")
		p.open(s, "/users/00000000-0000-4000-8000-000000000000", "Request id:")
		p.open(s, "/users?q=mod", "moderator@example.com")
		id := s.userNamed(t, admin, "admin")["id"].(string)
		s.mustCall(t, admin, "DELETE /api/users/"+id+"/sessions")
		p.press("moderator")
		p.waitForPath("/account/sign-in")
		p.fill("username", "admin")
		p.fill("password", devPassword("admin"))
		p.press("Sign in")
		p.untilLoaded(`location.pathname.startsWith('/console/users/') && document.querySelector('h1')?.innerText === 'moderator'`)
	})
}

// Text of users, clients and webhooks is shown as text, in every view.
func TestConsoleShowsHostileText(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "", func(t *testing.T, p *page, inst installation, s *server, admin string) {
		id, _ := s.mustCall(t, admin, "POST /api/users", object{
			"username": "<b>eve</b>", "email": "eve@example.com", "name": hostile, "picture": "https://example.com/?" + "x", "password": validPassword,
		})["id"].(string)
		s.mustCall(t, admin, "POST /api/clients", object{"id": "evil", "name": hostile, "grants": []string{"password"}, "first_party": true, "claims": object{"x": hostile}})
		hook, _ := s.mustCall(t, admin, "POST /api/hooks", object{"url": "http://127.0.0.1:9/" + `?x=<img/src=x/onerror=window.attacked=1>`})["hook"].(object)
		r := s.newRequest(t, "POST /token", formType, "grant_type=password&username=%3Cb%3Eeve%3C%2Fb%3E&password="+strings.ReplaceAll(validPassword, " ", "+"))
		r.Header.Set("User-Agent", hostile)
		require.Equal(t, http.StatusOK, send(t, s.httpClient(t), r).status)
		blob := "BLOB"
		if strings.HasPrefix(inst.database, "postgres") {
			blob = "bytea"
		}
		inst.exec(t, `INSERT INTO hook_deliveries (id, hook_id, event, body, status, attempts, response, error, created_at, tried_at)
			SELECT 'd0000000-0000-4000-8000-000000000001', id, '<img src=x onerror=window.attacked=1>', CAST('<script>window.attacked=1</script>' AS `+blob+`), '<b>', 1, 200,
				'<img src=x onerror=window.attacked=1>', created_at, created_at FROM hooks`)
		for path, text := range map[string]string{
			"": "Active sessions", "/users": "<b>eve</b>", "/users/" + id: "Audit trail", "/clients": "evil", "/clients/evil": "Claims", "/audit": "<b>eve</b>",
			"/webhooks": "onerror", "/webhooks/" + hook["id"].(string): "<b>", "/users?q=%3Cimg%20src%3Dx%20onerror%3Dwindow.attacked%3D1%3E": "No users found",
			"/clients/%3Cimg%20src=x%20onerror=window.attacked=1%3E": "Request id:", "/try": "Look inside a token",
		} {
			p.open(s, path, text)
			p.requireNotAttacked()
		}
		token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub": "<img src=x onerror=window.attacked=1>", "<b>x</b>": "<script>window.attacked=1</script>"}`)) + ".x"
		p.open(s, "/try", "Look inside a token")
		evaluate[bool](p, `(box => { box.value = `+quoted(token)+`; return box.dispatchEvent(new Event('input', {bubbles: true})); })(document.querySelector('#token'))`)
		p.waitForText("whose it is")
		p.requireNotAttacked()
	})
}

// A long name takes the room of no other column, and a table that is too wide scrolls by itself.
func TestConsoleTablesHoldLongNames(t *testing.T) {
	t.Parallel()
	onEachConsole(t, "", func(t *testing.T, p *page, _ installation, s *server, admin string) {
		long := strings.Repeat("long", 15)
		s.mustCall(t, admin, "PUT /api/roles/ROLE_"+strings.ToUpper(long[:40]), object{"scopes": []string{"profile"}})
		s.mustCall(t, admin, "POST /api/users", object{"username": long, "email": long + "@" + long + ".example.com", "name": long, "password": validPassword})
		s.mustCall(t, admin, "POST /api/clients", object{"id": long, "name": long, "grants": []string{"password", "client_credentials"}, "first_party": true})
		for path, word := range map[string]string{"/users": "moderator", "/clients": "confidential", "/audit": "moderator", "/roles": "ROLE_USER", "/keys": "ES256"} {
			for _, width := range []int{1280, 660} {
				p.look("light", width, 900)
				p.open(s, path, word)
				require.LessOrEqual(t, evaluate[int](p, `document.documentElement.scrollWidth`), width, "%s scrolls sideways", path)
				require.True(t, evaluate[bool](p, `[...document.querySelectorAll("td, td *")].filter(e => !e.firstElementChild && e.innerText === `+quoted(word)+`).every(e => {
					const text = document.createRange();
					text.selectNodeContents(e);
					return text.getClientRects().length === 1;
				})`), "%s breaks %s", path, word)
			}
		}
	})
}

// LATCHKEY_CONSOLE=false leaves nothing of the console.
func TestConsoleOff(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t), "LATCHKEY_CONSOLE=false")
	for _, path := range []string{"/console", "/console/users"} {
		require.Equal(t, http.StatusNotFound, s.get(t, path, "").status, path)
	}
	require.NotContains(t, s.wholeLog(t), "Console ")
	require.NotContains(t, s.get(t, "/", "").body, "console")
}

// The console is small and paints at once. The fastest of several loads counts, because the machine has other
// things to do as well.
func TestConsoleIsLight(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	s := start(t, newSQLite(t))
	p := openAs(b, t, s, "admin", "/console")
	_, err := chromedp.Call(p.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	require.NoError(t, err)
	var paints []float64
	for range 25 {
		p.do(chromedp.Reload())
		paints = append(paints, p.firstPaint())
	}
	p.until(`document.querySelectorAll('.plot canvas').length === 4`)
	bytes := p.transferred()
	t.Logf("%d bytes with all plots, first paints after %.0f ms", bytes, paints)
	require.Greater(t, bytes, 10_000)
	require.LessOrEqual(t, bytes, 120_000)
	require.LessOrEqual(t, slices.Min(paints), float64(paintLimit.Milliseconds()))
}

// With many users, a page of them and what the user types is on the screen in no time, also far into the list.
func TestConsoleWithManyUsers(t *testing.T) { //nolint:paralleltest // it measures time
	b := startBrowser(t)
	limit := 300 * time.Millisecond
	if os.Getenv("TEST_SCALE_USERS") == "" {
		limit = 3 * time.Second // other tests run at the same time
	}
	for engine, create := range map[string]func(*testing.T) installation{"postgres": newPostgres, "sqlite": newSQLite} { //nolint:paralleltest // as above
		t.Run(engine, func(t *testing.T) {
			many := startPopulated(t, create(t), manyUsers(t))
			p := openAs(b, t, many.server, "admin", "/console/users")
			p.until(`document.querySelector('[data-list]')`)
			took := evaluate[[]float64](p, measureTyping)
			slices.Sort(took)
			p95 := time.Duration(took[len(took)*95/100] * float64(time.Millisecond))
			t.Logf("%s: %d users: typed %d searches and turned pages: median %.0f ms, p95 %v", engine, many.n, len(took), took[len(took)/2], p95)
			require.LessOrEqual(t, p95, limit)
			p.requireClean()
		})
	}
}

// measureTyping types beginnings of names, character by character, turns pages, and measures the times from
// the key to the painted list.
const measureTyping = `(async () => {
	const box = document.querySelector('[data-search]'), took = [];
	const painted = () => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
	const shown = wanted => new Promise((resolve, reject) => {
		const end = performance.now() + 10000;
		const look = () => wanted() ? resolve() : performance.now() > end ? reject(new Error('not shown')) : setTimeout(look, 4);
		look();
	});
	const nextPage = () => [...document.querySelectorAll('a.button')].find(a => a.innerText === 'Next page');
	for (let round = 0; round < 12; round++) {
		const name = 'u' + (round * 7919 % 1000);
		for (let n = 1; n <= name.length; n++) {
			const begin = performance.now(), text = name.slice(0, n);
			box.value = text;
			box.dispatchEvent(new Event('input', {bubbles: true}));
			await shown(() => document.querySelector('[data-list]')?.dataset.list === text + '|||');
			await painted();
			took.push(performance.now() - begin);
		}
	}
	box.value = '';
	box.dispatchEvent(new Event('input', {bubbles: true}));
	await shown(() => document.querySelector('[data-list]')?.dataset.list === '|||' && nextPage());
	for (let page = 0; page < 12; page++) {
		const begin = performance.now(), before = document.querySelector('[data-list]')?.dataset.list;
		nextPage().click();
		await shown(() => document.querySelector('[data-list]') && document.querySelector('[data-list]').dataset.list !== before && nextPage());
		await painted();
		took.push(performance.now() - begin);
	}
	return took;
})()`

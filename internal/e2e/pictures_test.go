package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// consoleViews are the views of the console that pictures are made of, with a text that tells that they are
// complete.
var consoleViews = []struct{ name, path, text string }{
	{"overview", "", "Active sessions"},
	{"users", "/users", "alice@example.com"},
	{"user", "/users/ALICE", "user.created"},
	{"import", "/users/import", "Drop a file here"},
	{"roles", "/roles", "ROLE_MODERATOR"},
	{"clients", "/clients", "web-shop"},
	{"client", "/clients/web-shop", "Secrets"},
	{"webhooks", "/webhooks", "/events"},
	{"keys", "/keys", "Schedule"},
	{"audit", "/audit", "user.signed_in"},
	{"settings", "/settings", "LATCHKEY_LISTEN"},
	{"try", "/try", "Look inside a token"},
}

// pictureUsers are the users in the pictures.
var pictureUsers = []struct{ name, full, role string }{
	{"alice", "Alice Ashworth", "ROLE_MODERATOR"}, {"bruno", "Bruno Keller", "ROLE_USER"}, {"chidi", "Chidi Okafor", "ROLE_USER"},
	{"daria", "Daria Novak", "ROLE_USER"}, {"emre", "Emre Yılmaz", "ROLE_USER"}, {"farah", "Farah Haddad", "ROLE_MODERATOR"},
	{"greta", "Greta Lind", "ROLE_USER"}, {"hiro", "Hiro Tanaka", "ROLE_USER"},
}

// documented are the views of which there are pictures in the documentation.
var documented = map[string]bool{"overview": true, "users": true, "user": true, "keys": true}

// TestPictures makes pictures of all views, or with `make pictures` those of the documentation.
func TestPictures(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	dir := os.Getenv("TEST_PICTURES")
	if dir == "" {
		dir = t.TempDir()
	}
	p, s, alice := openFilledConsole(t)
	for _, view := range consoleViews {
		if os.Getenv("TEST_PICTURES") != "" && !documented[view.name] {
			continue
		}
		p.open(s, strings.Replace(view.path, "ALICE", alice, 1), view.text)
		p.pictures(dir, "console-"+view.name)
	}
	p.requireClean()

	account := openPage(startBrowser(t), t, s, "/account/sign-in")
	account.pictures(dir, "account-sign-in")
	account.signInAs("alice", validPassword)
	account.waitForPath("/account")
	account.waitForText("Alice Ashworth")
	account.pictures(dir, "account-profile")
	account.requireClean()

	docs := openSwaggerUI(startBrowser(t), t, s.url+"/docs")
	docs.do(
		chromedp.Click(chromedp.CSS(openDialog), chromedp.NodeVisible),
		chromedp.SendKeys(chromedp.CSS(usernameField), "user", chromedp.NodeVisible),
		chromedp.SendKeys(chromedp.CSS(passwordField), devPassword("user")),
	)
	docs.picture(filepath.Join(dir, "authorize.png"), "light", 920)
}

// pictures writes pictures of the page as it is seen in both color schemes, and on a phone.
func (p *page) pictures(dir, name string) {
	p.t.Helper()
	for scheme, width := range map[string]int{"light": 1280, "dark": 1280, "phone": 360} {
		p.picture(filepath.Join(dir, fmt.Sprintf("%s-%s.png", name, scheme)), scheme, width)
	}
}

// picture writes a picture of the page as it is seen in a color scheme; "phone" is a light one.
func (p *page) picture(file, scheme string, width int) {
	p.t.Helper()
	if scheme == "phone" {
		scheme = "light"
	}
	height := 820
	p.look(scheme, width, height)
	p.until(`!document.querySelector('.plot') || document.querySelectorAll('.plot canvas').length === document.querySelectorAll('.plot').length`)
	evaluate[bool](p, `new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))))`)
	image, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(file, image, 0o644))
}

// openFilledConsole opens the console of a server with the users of the pictures, as an administrator. It also returns the
// id of the user alice.
func openFilledConsole(t *testing.T) (p *page, s *server, alice string) {
	t.Helper()
	inst := newSQLite(t)
	s = start(t, inst)
	alice = s.fillForPictures(t, inst)
	return openAs(startBrowser(t), t, s, "admin", "/console"), s, alice
}

// fillForPictures makes users, clients, webhooks and a past, and returns the id of the user alice.
func (s *server) fillForPictures(t *testing.T, inst installation) (alice string) {
	t.Helper()
	admin := s.devToken(t, "admin")
	for _, u := range pictureUsers {
		got := s.call(t, admin, "POST /api/users", object{
			"username": u.name, "email": u.name + "@example.com", "name": u.full, "password": validPassword, "email_verified": u.name != "greta", "roles": []string{u.role},
		})
		require.Equal(t, 201, got.status, got.body)
		if u.name == "alice" {
			alice = field(t, got.body, "id")
		}
		s.signIn(t, u.name, validPassword)
	}
	for _, id := range []string{"web-shop", "mobile-app", "reporting"} {
		got := s.call(t, admin, "POST /api/clients", object{"id": id, "name": id, "grants": []string{"password", "refresh_token"}, "first_party": true, "public": id == "mobile-app"})
		require.Equal(t, 201, got.status, got.body)
	}
	require.Equal(t, 201, s.call(t, admin, "POST /api/clients/web-shop/secrets", object{"overlap_seconds": 86400}).status)
	require.Equal(t, 201, s.call(t, admin, "POST /api/hooks", object{"url": "http://127.0.0.1:9/events", "events": []string{"user.registered", "user.deleted"}}).status)
	require.Equal(t, 201, s.call(t, admin, "POST /api/keys", object{}).status)
	inst.addPast(t)
	users := float64(len(pictureUsers) + 3)
	s.eventually(t, admin, "GET /api/stats?points=1", func(stats object) bool { return stats["items"].([]any)[0].(object)["users"] == users })
	return alice
}

// addPast fills the hours before now with what a small service counts.
func (i installation) addPast(t *testing.T) {
	t.Helper()
	i.exec(t, `WITH RECURSIVE h(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM h WHERE n < 200)
		INSERT INTO statistics (hour, sign_ins, failures, refreshes, refused, sessions, users)
		SELECT (strftime('%s', 'now') / 3600 - n) * 3600,
			4 + abs(12 - (n + 5) % 24) + (n * 7919) % 3, (n * 104729) % 3, 22 + abs(12 - (n + 5) % 24) * 4 + (n * 31) % 9,
			CASE WHEN n IN (8, 9, 31) THEN 14 ELSE 0 END, 8 + abs(12 - (n + 5) % 24) / 2 - n % 2, 11 - n / 40
		FROM h WHERE true ON CONFLICT (hour) DO NOTHING`)
}

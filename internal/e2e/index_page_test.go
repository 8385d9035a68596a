package e2e

import (
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// The page of GET / in development shows how to begin, and its lines work as they are copied.
func TestIndexPage(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	s := start(t, inst, "LATCHKEY_ISSUER=")
	p := openTab(startBrowser(t), t, s.issuer+"/", "#get")
	p.screenshot("index")
	shown := p.text("main")
	for _, text := range []string{"development mode", "moderator", devPassword("moderator"), "ROLE_MODERATOR", "Inbox", "Console", s.issuer} {
		require.Contains(t, shown, text)
	}

	// Copying may be forbidden in a browser without a window; then the line is selected.
	p.do(chromedp.Click(chromedp.CSS("[data-copies=get]")))
	p.waitUntil(`["Copied", "Selected"].includes(document.querySelector("[data-copies=get]").textContent)`)
	script := p.text("#get") + "\n" + p.text("#use") + "\n" + p.text("#explain")
	cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", "latchkey() { "+binary+" \"$@\"; }\n"+script)
	cmd.Dir, cmd.Env = inst.dir, inst.environment("PATH=/usr/bin:/bin", "LATCHKEY_ISSUER="+s.issuer)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), `"username":"user"`)
	require.Contains(t, string(out), "rejected with 403")

	broken := evaluate[string](p, `Promise.all([...document.links].map(async link =>
		(await fetch(link.href)).ok ? "" : link.href)).then(all => all.join(""))`)
	require.Empty(t, broken, "links that lead nowhere")
	require.Empty(t, p.recorded().consoleErrors)
	p.requireAccessible()
}

// Outside of development the page names no user and no password.
func TestIndexPageInProduction(t *testing.T) {
	t.Parallel()
	s := launchWith(t, newSQLite(t), nil, "LATCHKEY_SECRET=0123456789abcdefghijklmnopqrstuvwxyzABCD")
	s.waitUntilListening()
	p := openTab(startBrowser(t), t, s.url+"/", "main")
	p.screenshot("index-production")
	shown := p.text("main")
	require.Contains(t, shown, "The service is running.")
	require.Contains(t, shown, "Console")
	require.NotContains(t, shown, "password")
	require.Empty(t, p.recorded().consoleErrors)
}

package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Failed sign-ins do not hide those that succeeded, and a new service shows its sessions although there is only
// one hour of them.
func TestConsolePlots(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	s := start(t, newSQLite(t))
	p := openAs(b, t, s, "admin", "/console")
	for range 3 {
		require.Equal(t, http.StatusBadRequest, s.login(t, "nobody", "wrong").status)
	}
	s.eventually(t, s.devToken(t, "admin"), "GET /api/stats?points=2", func(stats object) bool {
		total := map[string]float64{}
		for _, hour := range stats["items"].([]any) {
			for _, name := range []string{"sign_ins", "failures", "sessions"} {
				n, _ := hour.(object)[name].(float64)
				total[name] += n
			}
		}
		return total["sign_ins"] > 0 && total["failures"] == 3 && total["sessions"] > 0
	})
	p.look("light", 1280, 900)
	p.open(s, "", "Active sessions")
	p.until(`document.querySelectorAll('.plot canvas').length === 4`)
	p.requirePlotted("Sign-ins over time", "--plot-1", "--plot-2")
	p.requirePlotted("Active sessions over time", "--plot-1")
	p.requireClean()
}

// requirePlotted waits until the plot whose description begins like this has these colors.
func (p *page) requirePlotted(description string, colors ...string) {
	p.t.Helper()
	for _, color := range colors {
		p.until(`(canvas => {
			const hex = getComputedStyle(document.documentElement).getPropertyValue('` + color + `').trim();
			const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
			const [red, green, blue] = [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
			return pixels.filter(pixel => pixel === (0xff000000 | blue << 16 | green << 8 | red) >>> 0).length > 10;
		})(document.querySelector('[aria-label^="` + description + `"] canvas'))`)
	}
}

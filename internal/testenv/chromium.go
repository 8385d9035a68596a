//go:build unix

package main

// chromium is the browser. Its packages include a font, without which pages show no text. On macOS the
// browser is not in PATH.
var chromium = program{
	name:     "Chromium",
	variable: "CHROMIUM",
	names: []string{
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell",
		"/Applications/Chromium.app/Contents/MacOS/Chromium",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	},
	packages: packages{
		"apt-get": {"chromium", "chromium-sandbox", "fonts-liberation"},
		"dnf":     {"chromium", "liberation-sans-fonts"},
		"apk":     {"chromium", "font-liberation"},
		"brew":    {"--cask", "chromium"},
	},
}

func (h host) chromium() requirement {
	return chromium.requirement(h, source{name: "docker", find: h.chromiumContainer})
}

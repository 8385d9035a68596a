//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// chromiumPackages bring the browser with a font, for a page without letters tests little.
var chromiumPackages = packages{
	"apt-get": {"chromium", "chromium-sandbox", "fonts-liberation"},
	"dnf":     {"chromium", "liberation-sans-fonts"},
	"apk":     {"chromium", "font-liberation"},
	"brew":    {"--cask", "chromium"},
}

// chromiumNames are the browser's programs in PATH, and on macOS, which has none there.
var chromiumNames = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

func (h host) chromiumNeed() need {
	local := way{name: "installed browsers", try: h.localChromium}
	return need{
		name:     "Chromium",
		variable: "CHROMIUM",
		ways: []way{
			{name: "CHROMIUM", try: h.givenChromium},
			local,
			h.installWay(chromiumPackages, local),
			{name: "docker", try: h.chromiumContainer},
		},
		remedy: h.remedy(chromiumPackages, "CHROMIUM=/path/to/chromium make test"),
	}
}

func (h host) givenChromium(ctx context.Context) (resource, error) {
	path := h.getenv("CHROMIUM")
	if path == "" {
		return resource{}, fmt.Errorf("not set: %w", errAbsent)
	}
	return h.browser(ctx, path)
}

func (h host) localChromium(ctx context.Context) (resource, error) {
	errs := []error{errAbsent}
	for _, name := range chromiumNames {
		path, err := h.lookPath(name)
		if err != nil {
			continue
		}
		found, err := h.browser(ctx, path)
		if err == nil {
			return found, nil
		}
		errs = []error{err}
	}
	return resource{}, errors.Join(errs...)
}

// browser asks a browser for its version, because some systems put a program of its name in PATH
// that only says how to install it.
func (h host) browser(ctx context.Context, path string) (resource, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	version, err := h.run(ctx, nil, path, "--version")
	if err != nil {
		return resource{}, err
	}
	return resource{value: path, about: fmt.Sprintf("%s, %s", version, path)}, nil
}

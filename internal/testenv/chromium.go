//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// chromiumPackages contain the browser and a font, without which pages show no text.
var chromiumPackages = packages{
	"apt-get": {"chromium", "chromium-sandbox", "fonts-liberation"},
	"dnf":     {"chromium", "liberation-sans-fonts"},
	"apk":     {"chromium", "font-liberation"},
	"brew":    {"--cask", "chromium"},
}

// chromiumNames are the browser's programs in PATH, and their paths on macOS, where they are not in
// PATH.
var chromiumNames = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

func (h host) chromium() requirement {
	local := source{name: "installed browsers", find: h.localChromium}
	return requirement{
		name:     "Chromium",
		variable: "CHROMIUM",
		sources: []source{
			{name: "CHROMIUM", find: h.givenChromium},
			local,
			h.installSource(chromiumPackages, local),
			{name: "docker", find: h.chromiumContainer},
		},
		install: h.installCommand(chromiumPackages, "CHROMIUM=/path/to/chromium make test"),
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

// browser runs a browser to get its version. On some systems the program in PATH is a placeholder that
// only explains how to install the browser, and fails.
func (h host) browser(ctx context.Context, path string) (resource, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	version, err := h.run(ctx, nil, path, "--version")
	if err != nil {
		return resource{}, err
	}
	return resource{value: path, about: fmt.Sprintf("%s, %s", version, path)}, nil
}

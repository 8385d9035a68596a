//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// nodePackages contain Node.js with npm.
var nodePackages = packages{
	"apt-get": {"nodejs", "npm"},
	"dnf":     {"nodejs", "npm"},
	"apk":     {"nodejs", "npm"},
	"brew":    {"node"},
}

// What the tests with the build tag apis need: the APIs of docs/apis in other languages. The packages are
// installed below apisDir.
const (
	apisRequirements = "internal/e2e/testdata/apis/requirements.txt"
	apisPackages     = "internal/e2e/testdata/apis/package.json"
	apisDir          = ".bin/apis"
)

// needsAPIs reports whether a command runs the tests of APIs in other languages.
func (h host) needsAPIs(argv []string) bool { return slices.Contains(argv, "-tags=apis") }

// apis finds Python and Node.js and installs the packages of both. The tests get the Python of the environment
// and the directory of the modules.
func (h host) apis() []requirement {
	python := source{name: "python3 in PATH", find: func(ctx context.Context) (resource, error) {
		return h.pythonEnvironment(ctx, apisRequirements, filepath.Join(apisDir, "python"))
	}}
	node := source{name: "node and npm in PATH", find: h.nodeModules}
	return []requirement{
		{name: "Python for APIs", variable: "APIS_PYTHON", sources: []source{python, h.installSource(pythonPackages, python)},
			install: h.installCommand(pythonPackages, "install Python 3 with venv and pip")},
		{name: "Node.js for APIs", variable: "APIS_NODE_MODULES", sources: []source{node, h.installSource(nodePackages, node)},
			install: h.installCommand(nodePackages, "install Node.js 20 or later with npm")},
	}
}

// nodeModules installs the modules, or updates those of an earlier run.
func (h host) nodeModules(ctx context.Context) (resource, error) {
	for _, program := range []string{"node", "npm"} {
		if !h.executable(program) {
			return resource{}, fmt.Errorf("%s: %w", program, errAbsent)
		}
	}
	dir, err := filepath.Abs(filepath.Join(apisDir, "node"))
	if err != nil {
		return resource{}, err
	}
	list, err := os.ReadFile(apisPackages)
	if err != nil {
		return resource{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // as the rest of .bin
		return resource{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), list, 0o644); err != nil { //nolint:gosec // as above
		return resource{}, err
	}
	if _, err := h.run(ctx, nil, "npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "--silent"); err != nil {
		return resource{}, err
	}
	return resource{value: filepath.Join(dir, "node_modules"), about: "modules of " + apisPackages + ", " + dir}, nil
}

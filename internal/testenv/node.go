//go:build unix

package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// nodePackages contain Node.js with npm.
var nodePackages = packages{
	"apt-get": {"nodejs", "npm"},
	"dnf":     {"nodejs", "npm"},
	"apk":     {"nodejs", "npm"},
	"brew":    {"node"},
}

// node finds Node.js and installs the packages that a directory lists, for tests. They get the directory with the
// modules in a variable.
func (h host) node(variable, packages, dir string) requirement {
	return h.language("Node.js", variable, nodePackages, "install Node.js 20 or newer with npm", source{name: "npm in PATH", find: func(ctx context.Context) (resource, error) {
		return h.nodeModules(ctx, packages, dir)
	}})
}

// nodeModules installs the packages. Those that have the right version are not downloaded again. No
// package may run a script of its own while it is installed.
func (h host) nodeModules(ctx context.Context, packages, dir string) (resource, error) {
	if !h.executable("npm") {
		return resource{}, fmt.Errorf("npm: %w", errAbsent)
	}
	for _, command := range [][]string{
		{"mkdir", "-p", dir},
		{"cp", packages + "/package.json", packages + "/package-lock.json", dir},
		{"npm", "install", "--prefix", dir, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"},
	} {
		if _, err := h.run(ctx, nil, command...); err != nil {
			return resource{}, err
		}
	}
	modules, err := filepath.Abs(filepath.Join(dir, "node_modules"))
	return resource{value: modules, about: "packages of " + packages + ", " + dir}, err
}

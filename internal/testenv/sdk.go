//go:build unix

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
)

// What the tests with the build tag sdk need, and where it is installed.
const (
	sdkPythonPackages = "internal/e2e/testdata/sdk/python/requirements.txt"
	sdkNodePackages   = "internal/e2e/testdata/sdk/node"
	sdkPython         = ".bin/sdk/python"
	sdkNode           = ".bin/sdk/node"
)

// nodePackages contain Node.js with npm.
var nodePackages = packages{
	"apt-get": {"nodejs", "npm"},
	"dnf":     {"nodejs", "npm"},
	"apk":     {"nodejs", "npm"},
	"brew":    {"node"},
}

// javaPackages contain a JDK and Maven.
var javaPackages = packages{
	"apt-get": {"default-jdk-headless", "maven"},
	"dnf":     {"java-devel", "maven"},
	"apk":     {"openjdk17-jdk", "maven"},
	"brew":    {"openjdk", "maven"},
}

// needsSDK reports whether a command runs the tests that use the contract from other languages.
func (h host) needsSDK(argv []string) bool { return slices.Contains(argv, "-tags=sdk") }

func (h host) sdk() []requirement {
	return []requirement{h.python("SDK_PYTHON", sdkPythonPackages, sdkPython), h.node("SDK_NODE_MODULES", sdkNodePackages, sdkNode), h.maven()}
}

// node finds Node.js and installs the packages of a lock file in a directory. The tests get the directory of
// the packages in a variable.
func (h host) node(variable, packages, dir string) requirement {
	local := source{name: "npm in PATH", find: func(ctx context.Context) (resource, error) {
		return h.nodeModules(ctx, packages, dir)
	}}
	return requirement{
		name:     "Node.js",
		variable: variable,
		sources:  []source{local, h.installSource(nodePackages, local)},
		install:  h.installCommand(nodePackages, "install Node.js 20 or newer with npm"),
	}
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

// maven finds Maven, which needs a JDK. It downloads what the tests build when they build it.
func (h host) maven() requirement {
	local := source{name: "mvn in PATH", find: func(context.Context) (resource, error) {
		path, err := h.lookPath("mvn")
		if err != nil {
			return resource{}, fmt.Errorf("mvn: %w", errAbsent)
		}
		return resource{value: path, about: path}, nil
	}}
	return requirement{
		name:     "Maven",
		variable: "SDK_MAVEN",
		sources:  []source{local, h.installSource(javaPackages, local)},
		install:  h.installCommand(javaPackages, "install a JDK, 17 or newer, and Maven"),
	}
}

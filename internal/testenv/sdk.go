//go:build unix

package main

import (
	"context"
	"fmt"
	"slices"
)

// What the tests with the build tag sdk need, and where it is installed.
const (
	sdkPythonPackages = "internal/e2e/testdata/sdk/python/requirements.txt"
	sdkNodePackages   = "internal/e2e/testdata/sdk/node"
	sdkPython         = ".bin/sdk/python"
	sdkNode           = ".bin/sdk/node"
)

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

//go:build unix

package main

import "slices"

// What the tests with the build tag sdk need, and where it is installed.
const (
	sdkPythonPackages = "internal/e2e/testdata/sdk/python/requirements.txt"
	sdkNodePackages   = "internal/e2e/testdata/sdk/node"
	sdkPython         = ".bin/sdk/python"
	sdkNode           = ".bin/sdk/node"
)

// maven needs a JDK. It downloads what the tests build when they build it.
var maven = program{
	name:     "Maven",
	variable: "SDK_MAVEN",
	names:    []string{"mvn"},
	packages: packages{
		"apt-get": {"default-jdk-headless", "maven"},
		"dnf":     {"java-devel", "maven"},
		"apk":     {"openjdk17-jdk", "maven"},
		"brew":    {"openjdk", "maven"},
	},
}

// needsSDK reports whether a command runs the tests that use the contract from other languages.
func (h host) needsSDK(argv []string) bool { return slices.Contains(argv, "-tags=sdk") }

func (h host) sdk() []requirement {
	return []requirement{h.python("SDK_PYTHON", sdkPythonPackages, sdkPython), h.node("SDK_NODE_MODULES", sdkNodePackages, sdkNode), maven.requirement(h)}
}

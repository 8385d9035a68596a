//go:build unix

package main

import "slices"

// What the tests with the build tag apis need, which run the APIs of docs/apis, and where it is installed.
const (
	apisPythonPackages = "internal/e2e/testdata/apis/python/requirements.txt"
	apisNodePackages   = "internal/e2e/testdata/apis/node"
	apisPython         = ".bin/apis/python"
	apisNode           = ".bin/apis/node"
)

// needsAPIs reports whether a command runs the tests of APIs in other languages.
func (h host) needsAPIs(argv []string) bool { return slices.Contains(argv, "-tags=apis") }

func (h host) apis() []requirement {
	return []requirement{
		h.python("APIS_PYTHON", apisPythonPackages, apisPython),
		h.node("APIS_NODE_MODULES", apisNodePackages, apisNode),
	}
}

//go:build unix

package main

import "slices"

// What the tests with the build tag apis need, the APIs of docs/apis in other languages, and where it is installed.
const (
	apisPythonPackages = "internal/e2e/testdata/apis/requirements.txt"
	apisNodePackages   = "internal/e2e/testdata/apis"
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

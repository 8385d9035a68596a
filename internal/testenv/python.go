//go:build unix

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
)

// pythonPackages contain Python with the module venv and pip.
var pythonPackages = packages{
	"apt-get": {"python3", "python3-venv"},
	"dnf":     {"python3"},
	"apk":     {"python3"},
	"brew":    {"python"},
}

// The packages that the tests with the build tag fastapi need, and where they are installed.
const (
	fastapiPackages = "internal/e2e/testdata/fastapi/requirements.txt"
	fastapiVenv     = ".bin/fastapi"
)

// needsFastAPI reports whether a command runs the tests that compare Latchkey with Python packages.
func (h host) needsFastAPI(argv []string) bool {
	return slices.Contains(argv, "-tags=fastapi")
}

// fastapi is the Python of the tests with the build tag fastapi.
func (h host) fastapi() requirement { return h.python("FASTAPI_PYTHON", fastapiPackages, fastapiVenv) }

// python finds Python and installs packages in an environment of their own. The tests get the Python of
// that environment in a variable.
func (h host) python(variable, packages, venv string) requirement {
	return h.language("Python", variable, pythonPackages, "install Python 3 with venv and pip", source{name: "python3 in PATH", find: func(ctx context.Context) (resource, error) {
		return h.pythonEnvironment(ctx, packages, venv)
	}})
}

// language is a language whose packages local installs. If the language is missing, it is installed first.
func (h host) language(name, variable string, of packages, advice string, local source) requirement {
	return requirement{
		name: name, variable: variable, sources: []source{local, h.installSource(of, local)}, install: h.installCommand(of, advice),
	}
}

// pythonEnvironment creates the environment, or updates the one of an earlier run. Packages that have
// the right version are not downloaded again.
func (h host) pythonEnvironment(ctx context.Context, packages, venv string) (resource, error) {
	if !h.executable("python3") {
		return resource{}, fmt.Errorf("python3: %w", errAbsent)
	}
	if _, err := h.run(ctx, nil, "python3", "-m", "venv", venv); err != nil {
		return resource{}, err
	}
	python, err := filepath.Abs(filepath.Join(venv, "bin", "python"))
	if err != nil {
		return resource{}, err
	}
	_, err = h.run(ctx, nil, python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
		"--no-compile", "--no-deps", "--requirement", packages) // which lists every dependency
	if err != nil {
		return resource{}, err
	}
	return resource{value: python, about: "packages of " + packages + ", " + venv}, nil
}

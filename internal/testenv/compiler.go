//go:build unix

package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// compilerPackages contain a C compiler and the C library's headers.
var compilerPackages = packages{
	"apt-get": {"gcc", "libc6-dev"},
	"dnf":     {"gcc", "glibc-devel"},
	"apk":     {"gcc", "musl-dev"},
}

// needsCompiler reports whether a command needs a C compiler. Only the race detector does, and not on
// macOS.
func (h host) needsCompiler(argv []string) bool {
	return h.os != "darwin" && slices.Contains(argv, "-race")
}

func (h host) compiler() requirement {
	local := source{name: "compiler in PATH", find: h.localCompiler}
	return requirement{
		name:    "C compiler",
		sources: []source{local, h.installSource(compilerPackages, local)},
		install: h.installCommand(compilerPackages, "CC=/path/to/compiler make test"),
	}
}

// localCompiler looks for the compiler that the go command uses: $CC, or gcc if CC is not set.
func (h host) localCompiler(context.Context) (resource, error) {
	name := cmp.Or(h.getenv("CC"), "gcc")
	path, err := h.lookPath(name)
	if err != nil {
		return resource{}, fmt.Errorf("%s: %w", name, errAbsent)
	}
	return resource{value: path, about: path}, nil
}

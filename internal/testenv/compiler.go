//go:build unix

package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// compilerPackages bring a C compiler with the C library's headers.
var compilerPackages = packages{
	"apt-get": {"gcc", "libc6-dev"},
	"dnf":     {"gcc", "glibc-devel"},
	"apk":     {"gcc", "musl-dev"},
}

// needsCompiler tells whether a command links C: of all that we do, only the race detector does,
// and not on macOS.
func (h host) needsCompiler(argv []string) bool {
	return h.os != "darwin" && slices.Contains(argv, "-race")
}

func (h host) compilerNeed() need {
	local := way{name: "compiler in PATH", try: h.localCompiler}
	return need{
		name:   "C compiler",
		ways:   []way{local, h.installWay(compilerPackages, local)},
		remedy: h.remedy(compilerPackages, "CC=/path/to/compiler make test"),
	}
}

// localCompiler looks for the compiler that go env CC names: CC, or else gcc.
func (h host) localCompiler(context.Context) (resource, error) {
	name := cmp.Or(h.getenv("CC"), "gcc")
	path, err := h.lookPath(name)
	if err != nil {
		return resource{}, fmt.Errorf("%s: %w", name, errAbsent)
	}
	return resource{value: path, about: path}, nil
}

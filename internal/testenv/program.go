//go:build unix

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// program is a program that the tests start themselves.
type program struct {
	name     string
	variable string   // environment variable for its path
	names    []string // its names in PATH, and its paths where it is not in PATH
	packages packages

	versionFlag string // default: --version
}

// requirement searches for the program in its variable, on this machine, in packages, and in more sources.
func (p program) requirement(h host, more ...source) requirement {
	local := source{name: "installed programs", find: func(ctx context.Context) (resource, error) { return p.local(ctx, h) }}
	return requirement{
		name:     p.name,
		variable: p.variable,
		sources: append([]source{
			{name: p.variable, find: func(ctx context.Context) (resource, error) { return p.given(ctx, h) }},
			local,
			h.installSource(p.packages, local),
		}, more...),
		install: h.installCommand(p.packages, p.variable+"=/path/to/"+p.names[0]+" make test"),
	}
}

// given uses the program that the user has set.
func (p program) given(ctx context.Context, h host) (resource, error) {
	path := h.getenv(p.variable)
	if path == "" {
		return resource{}, fmt.Errorf("not set: %w", errAbsent)
	}
	return p.version(ctx, h, path)
}

func (p program) local(ctx context.Context, h host) (resource, error) {
	errs := []error{errAbsent}
	for _, name := range p.names {
		path, err := h.lookPath(name)
		if err != nil {
			continue
		}
		found, err := p.version(ctx, h, path)
		if err == nil {
			return found, nil
		}
		errs = []error{err}
	}
	return resource{}, errors.Join(errs...)
}

// version runs the program to get its version. On some systems the browser in PATH is a placeholder
// that only explains how to install it, and fails.
func (p program) version(ctx context.Context, h host, path string) (resource, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	version, err := h.run(ctx, nil, path, cmp.Or(p.versionFlag, "--version"))
	if err != nil {
		return resource{}, err
	}
	first, _, _ := strings.Cut(version, "\n")
	return resource{value: path, about: fmt.Sprintf("%s, %s", first, path)}, nil
}

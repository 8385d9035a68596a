//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// packages are the names of packages, by package manager.
type packages map[string][]string

// managers are the supported package managers, in the order in which they are searched. Those with a
// package list refresh it first, because a new machine has no list yet.
var managers = []manager{
	{name: "apt-get", refresh: []string{"apt-get", "update"}, install: []string{
		"env", "DEBIAN_FRONTEND=noninteractive",
		"apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"}},
	{name: "dnf", install: []string{"dnf", "install", "-y"}},
	{name: "apk", install: []string{"apk", "add", "--no-cache"}},
	{name: "brew", install: []string{"brew", "install"}, unprivileged: true},
}

type manager struct {
	name         string
	refresh      []string
	install      []string
	unprivileged bool // does not need root
}

// manager returns the machine's package manager, if it is one that has the packages.
func (h host) manager(p packages) (manager, bool) {
	for _, m := range managers {
		if len(p[m.name]) > 0 && h.executable(m.name) {
			return m, true
		}
	}
	return manager{}, false
}

// installSource installs packages and then searches sources that find what the packages contain.
func (h host) installSource(p packages, then ...source) source {
	return source{name: "package manager", find: func(ctx context.Context) (resource, error) {
		if err := h.install(ctx, p); err != nil {
			return resource{}, err
		}
		var errs []error
		for _, s := range then {
			found, err := s.find(ctx)
			if err == nil {
				return found, nil
			}
			errs = append(errs, err)
		}
		return resource{}, fmt.Errorf("installed, but not found: %w", errors.Join(errs...))
	}}
}

func (h host) install(ctx context.Context, p packages) error {
	m, ok := h.manager(p)
	if !ok {
		return errAbsent
	}
	prefix, err := h.rootPrefix(ctx, m)
	if err != nil {
		return err
	}
	for _, command := range m.commands(p) {
		argv := slices.Concat(prefix, command)
		h.log.printf("%s (may take a few minutes)", strings.Join(argv, " "))
		if _, err := h.run(ctx, nil, argv...); err != nil {
			return err
		}
	}
	return nil
}

// rootPrefix returns the prefix that runs a command as root without a password prompt.
func (h host) rootPrefix(ctx context.Context, m manager) ([]string, error) {
	if m.unprivileged || h.uid == 0 {
		return nil, nil
	}
	if _, err := h.run(ctx, nil, "sudo", "-n", "true"); err != nil {
		return nil, fmt.Errorf("%s needs root, and sudo requires a password: %w", m.name, errAbsent)
	}
	return []string{"sudo", "-n"}, nil
}

func (m manager) commands(p packages) [][]string {
	install := slices.Concat(m.install, p[m.name])
	if m.refresh == nil {
		return [][]string{install}
	}
	return [][]string{m.refresh, install}
}

// installCommand returns the command that installs the packages, for the user to run, or otherwise if
// the machine has no supported package manager.
func (h host) installCommand(p packages, otherwise string) string {
	m, ok := h.manager(p)
	if !ok {
		return otherwise
	}
	var parts []string
	for _, command := range m.commands(p) {
		if !m.unprivileged && h.uid != 0 {
			command = append([]string{"sudo"}, command...)
		}
		parts = append(parts, strings.Join(command, " "))
	}
	return strings.Join(parts, " && ")
}

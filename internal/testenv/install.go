//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// packages names a need's packages by package manager.
type packages map[string][]string

// managers are the package managers that install without a question, in the order of the search.
// Where there is a package list to refresh, a new machine has none yet.
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
	unprivileged bool // wants no root
}

// manager gives the machine's package manager, if it has the need's packages.
func (h host) manager(p packages) (manager, bool) {
	for _, m := range managers {
		if len(p[m.name]) > 0 && h.executable(m.name) {
			return m, true
		}
	}
	return manager{}, false
}

// installWay installs the packages and then tries the ways again that look for what they bring.
func (h host) installWay(p packages, then ...way) way {
	return way{name: "package manager", try: func(ctx context.Context) (resource, error) {
		if err := h.install(ctx, p); err != nil {
			return resource{}, err
		}
		var errs []error
		for _, w := range then {
			found, err := w.try(ctx)
			if err == nil {
				return found, nil
			}
			errs = append(errs, err)
		}
		return resource{}, fmt.Errorf("installed, but: %w", errors.Join(errs...))
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
		h.log.printf("%s (may take some minutes)", strings.Join(argv, " "))
		if _, err := h.run(ctx, nil, argv...); err != nil {
			return err
		}
	}
	return nil
}

// rootPrefix is what makes a command run as root without a question.
func (h host) rootPrefix(ctx context.Context, m manager) ([]string, error) {
	if m.unprivileged || h.uid == 0 {
		return nil, nil
	}
	if _, err := h.run(ctx, nil, "sudo", "-n", "true"); err != nil {
		return nil, fmt.Errorf("%s needs root, and sudo a password: %w", m.name, errAbsent)
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

// remedy is the command with which a person installs the packages, or the advice otherwise.
func (h host) remedy(p packages, otherwise string) string {
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

//go:build unix

package main

import (
	"context"
	"fmt"
	"slices"
)

// patroni and etcd make a PostgreSQL cluster that replaces a lost primary by itself.
var (
	patroni = program{
		name:     "Patroni",
		variable: "PATRONI",
		names:    []string{"patroni"},
		packages: packages{
			"apt-get": {"patroni", "python3-etcd"},
			"dnf":     {"patroni", "patroni-etcd"},
			"apk":     {"patroni"},
			"brew":    {"patroni"},
		},
	}
	etcd = program{
		name:     "etcd",
		variable: "ETCD",
		names:    []string{"etcd"},
		packages: packages{
			"apt-get": {"etcd-server"},
			"dnf":     {"etcd"},
			"apk":     {"etcd"},
			"brew":    {"etcd"},
		},
	}
)

// needsFailover reports whether a command runs the tests that lose the primary of a cluster.
func (h host) needsFailover(argv []string) bool {
	return slices.Contains(argv, "-tags=failover")
}

// programs finds the directory with the programs of a PostgreSQL server, which the tests start themselves.
func (s postgresSearch) programs() requirement {
	local := source{name: "server programs", find: func(ctx context.Context) (resource, error) {
		for _, dir := range s.serverDirs(ctx) {
			return resource{value: dir, about: dir}, nil
		}
		return resource{}, errAbsent
	}}
	return requirement{
		name:     "PostgreSQL programs",
		variable: "POSTGRES_BIN",
		sources: []source{
			{name: "POSTGRES_BIN", find: func(context.Context) (resource, error) {
				dir := s.getenv("POSTGRES_BIN")
				if dir == "" {
					return resource{}, fmt.Errorf("not set: %w", errAbsent)
				}
				return resource{value: dir, about: dir}, nil
			}},
			local,
			s.installSource(postgresPackages, local),
		},
		install: s.installCommand(postgresPackages, "POSTGRES_BIN=/path/to/bin make failover"),
	}
}

//go:build unix

package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresPackages contain the server, not only the client.
var postgresPackages = packages{
	"apt-get": {"postgresql"},
	"dnf":     {"postgresql-server"},
	"apk":     {"postgresql"},
	"brew":    {"postgresql@17"},
}

// postgresDirs are the directories outside of PATH where systems install the server's programs.
var postgresDirs = []string{
	"/usr/lib/postgresql/*/bin",                           // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                    // Red Hat, from PostgreSQL's own repository
	"/usr/libexec/postgresql*",                            // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",                  // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",                     // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin/", // Postgres.app
}

// postgresSearch finds or starts a PostgreSQL server.
type postgresSearch struct {
	host
	reach func(ctx context.Context, url string) (version string, err error)
	start func(ctx context.Context, dir string) (resource, error) // starts a temporary cluster
}

func (s postgresSearch) requirement() requirement {
	local := source{name: "server programs", find: s.local}
	return requirement{
		name:     "PostgreSQL",
		variable: "TEST_DATABASE_URL",
		sources: []source{
			{name: "TEST_DATABASE_URL", find: s.given},
			local,
			s.installSource(postgresPackages, local),
			{name: "docker", find: s.container},
		},
		install: s.installCommand(postgresPackages, "TEST_DATABASE_URL=postgres://user:password@host/database make test"),
	}
}

// given uses the server that the user has set.
func (s postgresSearch) given(ctx context.Context) (resource, error) {
	url := s.getenv("TEST_DATABASE_URL")
	if url == "" {
		return resource{}, fmt.Errorf("not set: %w", errAbsent)
	}
	version, err := s.reach(ctx, url)
	if err != nil {
		return resource{}, err
	}
	return resource{value: url, about: version + ", from TEST_DATABASE_URL"}, nil
}

// local starts a temporary cluster with the first installed server that works.
func (s postgresSearch) local(ctx context.Context) (resource, error) {
	err := errAbsent
	for _, dir := range s.serverDirs(ctx) {
		var started resource
		if started, err = s.start(ctx, dir); err == nil {
			return started, nil
		}
	}
	return resource{}, err
}

// serverDirs returns the directories with a server's programs: the one in PATH, the one that pg_config
// reports, and the usual ones, newest version first.
func (s postgresSearch) serverDirs(ctx context.Context) []string {
	var dirs []string
	add := func(dir string) {
		dir = s.realPath(dir)
		complete := s.executable(filepath.Join(dir, "initdb")) && s.executable(filepath.Join(dir, "postgres"))
		if complete && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	if initdb, err := s.lookPath("initdb"); err == nil {
		add(filepath.Dir(s.realPath(initdb)))
	}
	if dir, err := s.run(ctx, nil, "pg_config", "--bindir"); err == nil {
		add(dir)
	}
	for _, pattern := range postgresDirs {
		found := s.glob(pattern)
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
		for _, dir := range found {
			add(dir)
		}
	}
	return dirs
}

var number = regexp.MustCompile(`\d+`)

// version returns the last number in a path, which is the server's major version.
func version(dir string) int {
	numbers := number.FindAllString(dir, -1)
	if len(numbers) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(numbers[len(numbers)-1]) // the only possible error is a number that is too large
	return n
}

// reachPostgres connects to a server and returns its version. Its errors contain the host and the user,
// but never the password.
func reachPostgres(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", fmt.Errorf("cannot connect: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	return conn.PgConn().ParameterStatus("server_version"), nil
}

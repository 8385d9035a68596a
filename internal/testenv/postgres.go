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

// postgresPackages bring the server, not only the client.
var postgresPackages = packages{
	"apt-get": {"postgresql"},
	"dnf":     {"postgresql-server"},
	"apk":     {"postgresql"},
	"brew":    {"postgresql@17"},
}

// postgresDirs is where systems put the server's programs outside of PATH.
var postgresDirs = []string{
	"/usr/lib/postgresql/*/bin",                           // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                    // Red Hat, from PostgreSQL's own repository
	"/usr/libexec/postgresql*",                            // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",                  // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",                     // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin/", // Postgres.app
}

// postgresSearch is the search for a PostgreSQL server with what it can do to the world.
type postgresSearch struct {
	host
	reach func(ctx context.Context, url string) (version string, err error)
	start func(ctx context.Context, dir string) (resource, error) // a throw-away cluster
}

func (s postgresSearch) need() need {
	local := way{name: "server programs", try: s.local}
	return need{
		name:     "PostgreSQL",
		variable: "TEST_DATABASE_URL",
		ways: []way{
			{name: "TEST_DATABASE_URL", try: s.given},
			local,
			s.installWay(postgresPackages, local),
			{name: "docker", try: s.container},
		},
		remedy: s.remedy(postgresPackages, "TEST_DATABASE_URL=postgres://user:password@host/database make test"),
	}
}

// given takes the server that a person named.
func (s postgresSearch) given(ctx context.Context) (resource, error) {
	url := s.getenv("TEST_DATABASE_URL")
	if url == "" {
		return resource{}, fmt.Errorf("not set: %w", errAbsent)
	}
	version, err := s.reach(ctx, url)
	if err != nil {
		return resource{}, err
	}
	return resource{value: url, about: version + ", as TEST_DATABASE_URL says"}, nil
}

// local starts a throw-away cluster of the first server program that works.
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

// serverDirs lists the directories with a server's programs: that of PATH, that of pg_config, and
// the usual ones, newest version first.
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

// version is the last number in a directory's name, the major version.
func version(dir string) int {
	numbers := number.FindAllString(dir, -1)
	if len(numbers) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(numbers[len(numbers)-1]) // digits only; one too long for an int sorts last
	return n
}

// reachPostgres gives the version of a server that answers. Its errors name host and user, never
// the password.
func reachPostgres(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", fmt.Errorf("does not answer: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	return conn.PgConn().ParameterStatus("server_version"), nil
}

//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeMachine is a fake host. The zero value has no programs.
type fakeMachine struct {
	os       string            // empty: linux
	uid      int               // 0: root
	env      map[string]string // its environment
	programs []string          // found by lookPath and glob
	outputs  map[string]string // command line to output; other commands fail
	installs map[string]string // command line to the program that it installs

	ran []string // the command lines that were run
}

func (m *fakeMachine) host() host {
	os := m.os
	if os == "" {
		os = "linux"
	}
	return host{
		os:       os,
		uid:      m.uid,
		getenv:   func(name string) string { return m.env[name] },
		lookPath: m.lookPath,
		glob:     m.glob,
		realPath: func(path string) string { return path },
		run:      m.run,
		log:      logger{io.Discard},
	}
}

func (m *fakeMachine) lookPath(file string) (string, error) {
	for _, program := range m.programs {
		if program == file || !strings.Contains(file, "/") && path.Base(program) == file &&
			strings.HasPrefix(program, "/usr/bin/") {
			return program, nil
		}
	}
	return "", errAbsent
}

func (m *fakeMachine) glob(pattern string) []string {
	var found []string
	for _, program := range m.programs {
		dir := path.Dir(program)
		if ok, _ := path.Match(strings.TrimSuffix(pattern, "/"), dir); ok && !slices.Contains(found, dir) {
			found = append(found, dir)
		}
	}
	return found
}

func (m *fakeMachine) run(_ context.Context, _ []string, argv ...string) (string, error) {
	line := strings.Join(argv, " ")
	m.ran = append(m.ran, line)
	if program, ok := m.installs[line]; ok {
		m.programs = append(m.programs, program, path.Join(path.Dir(program), "initdb"))
		return "", nil
	}
	if output, ok := m.outputs[line]; ok {
		return output, nil
	}
	return "", errors.New(line + ": failed")
}

const aptInstall = "env DEBIAN_FRONTEND=noninteractive " +
	"apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "

// serverPrograms returns the programs of a PostgreSQL server in each directory.
func serverPrograms(dirs ...string) (programs []string) {
	for _, dir := range dirs {
		programs = append(programs, dir+"/initdb", dir+"/postgres")
	}
	return programs
}

type postgresSearchTest struct {
	fakeMachine
	broken string // directory of the server that does not start
	want   string
	ran    []string // nil: not checked
	errHas string
}

var postgresSearchTests = map[string]postgresSearchTest{
	"TEST_DATABASE_URL comes first": {
		fakeMachine: fakeMachine{env: map[string]string{"TEST_DATABASE_URL": "up"}, programs: serverPrograms("/usr/bin")},
		want:        "up",
		ran:         []string{},
	},
	"unreachable TEST_DATABASE_URL is skipped": {
		fakeMachine: fakeMachine{env: map[string]string{"TEST_DATABASE_URL": "down"}, programs: serverPrograms("/usr/bin")},
		want:        "cluster of /usr/bin",
	},
	"PATH before the usual directories": {
		fakeMachine: fakeMachine{programs: serverPrograms("/usr/lib/postgresql/17/bin", "/usr/bin")},
		want:        "cluster of /usr/bin",
	},
	"pg_config before the usual directories": {
		fakeMachine: fakeMachine{
			programs: serverPrograms("/usr/lib/postgresql/17/bin", "/opt/pg/bin"),
			outputs:  map[string]string{"pg_config --bindir": "/opt/pg/bin"},
		},
		want: "cluster of /opt/pg/bin",
	},
	"the newest of the usual directories": {
		fakeMachine: fakeMachine{programs: serverPrograms("/usr/lib/postgresql/9/bin", "/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin")},
		want:        "cluster of /usr/lib/postgresql/17/bin",
	},
	"server that does not start is skipped": {
		fakeMachine: fakeMachine{programs: serverPrograms("/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin")},
		broken:      "/usr/lib/postgresql/17/bin",
		want:        "cluster of /usr/lib/postgresql/15/bin",
	},
	"client programs are not enough": {
		fakeMachine: fakeMachine{programs: []string{"/usr/lib/postgresql/15/bin/initdb"}},
		errHas:      "server programs: not on this machine",
	},
	"apt-get as root": {
		fakeMachine: fakeMachine{
			programs: []string{"/usr/bin/apt-get"},
			outputs:  map[string]string{"apt-get update": ""},
			installs: map[string]string{aptInstall + "postgresql": "/usr/lib/postgresql/15/bin/postgres"},
		},
		want: "cluster of /usr/lib/postgresql/15/bin",
		ran:  []string{"pg_config --bindir", "apt-get update", aptInstall + "postgresql", "pg_config --bindir"},
	},
	"apt-get with passwordless sudo": {
		fakeMachine: fakeMachine{
			uid:      1000,
			programs: []string{"/usr/bin/apt-get"},
			outputs:  map[string]string{"sudo -n true": "", "sudo -n apt-get update": ""},
			installs: map[string]string{"sudo -n " + aptInstall + "postgresql": "/usr/lib/postgresql/15/bin/postgres"},
		},
		want: "cluster of /usr/lib/postgresql/15/bin",
	},
	"brew needs no root": {
		fakeMachine: fakeMachine{
			os: "darwin", uid: 501,
			programs: []string{"/usr/bin/brew"},
			installs: map[string]string{"brew install postgresql@17": "/opt/homebrew/opt/postgresql@17/bin/postgres"},
		},
		want: "cluster of /opt/homebrew/opt/postgresql@17/bin",
	},
	"nothing is installed if sudo needs a password": {
		fakeMachine: fakeMachine{uid: 1000, programs: []string{"/usr/bin/apt-get"}},
		ran:         []string{"pg_config --bindir", "sudo -n true", "docker version --format {{.Server.Version}}"},
		errHas: "Run this, then try again:\n" +
			"  sudo apt-get update && sudo " + aptInstall + "postgresql",
	},
	"nothing works": {
		errHas: "Run this, then try again:\n  TEST_DATABASE_URL=",
	},
}

func TestPostgresSearch(t *testing.T) {
	t.Parallel()
	for name, tt := range postgresSearchTests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			search := postgresSearch{
				host: tt.host(),
				reach: func(_ context.Context, url string) (string, error) {
					if url == "up" {
						return "17.0", nil
					}
					return "", errors.New("cannot connect")
				},
				start: func(_ context.Context, dir string) (resource, error) {
					if dir == tt.broken {
						return resource{}, errors.New("broken")
					}
					return resource{value: "cluster of " + dir}, nil
				},
			}
			found, err := search.requirement().find(t.Context(), logger{io.Discard})
			if tt.errHas != "" {
				require.ErrorContains(t, err, tt.errHas)
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, tt.want, found.value)
			if tt.ran != nil {
				require.Equal(t, tt.ran, append([]string{}, tt.fakeMachine.ran...))
			}
		})
	}
}

func TestChromiumSearch(t *testing.T) {
	t.Parallel()
	const install = aptInstall + "chromium chromium-sandbox fonts-liberation"
	tests := map[string]struct {
		fakeMachine
		want   string
		errHas string
	}{
		"CHROMIUM comes first": {
			fakeMachine: fakeMachine{
				env:      map[string]string{"CHROMIUM": "/my/chrome"},
				programs: []string{"/usr/bin/chromium"},
				outputs:  map[string]string{"/my/chrome --version": "Chromium 1", "/usr/bin/chromium --version": "Chromium 2"},
			},
			want: "/my/chrome",
		},
		"placeholder for the browser is skipped": {
			fakeMachine: fakeMachine{
				programs: []string{"/usr/bin/chromium-browser", "/usr/bin/google-chrome"},
				outputs:  map[string]string{"/usr/bin/google-chrome --version": "Google Chrome 1"},
			},
			want: "/usr/bin/google-chrome",
		},
		"outside of PATH on macOS": {
			fakeMachine: fakeMachine{
				os:       "darwin",
				programs: []string{"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"},
				outputs: map[string]string{
					"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome --version": "Google Chrome 1",
				},
			},
			want: "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
		},
		"apt-get": {
			fakeMachine: fakeMachine{
				programs: []string{"/usr/bin/apt-get"},
				outputs:  map[string]string{"apt-get update": "", "/usr/bin/chromium --version": "Chromium 1"},
				installs: map[string]string{install: "/usr/bin/chromium"},
			},
			want: "/usr/bin/chromium",
		},
		"nothing works": {
			fakeMachine: fakeMachine{programs: []string{"/usr/bin/apt-get"}},
			errHas:      "Run this, then try again:\n  apt-get update && " + install,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := tt.host().chromium().find(t.Context(), logger{io.Discard})
			if tt.errHas != "" {
				require.ErrorContains(t, err, tt.errHas)
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, tt.want, found.value)
		})
	}
}

func TestOnlyTheRaceDetectorNeedsCompiler(t *testing.T) {
	t.Parallel()
	linux, mac := (&fakeMachine{}).host(), (&fakeMachine{os: "darwin"}).host()
	require.True(t, linux.needsCompiler([]string{"go", "test", "-race", "./..."}))
	require.False(t, linux.needsCompiler([]string{"go", "test", "./..."}))
	require.False(t, mac.needsCompiler([]string{"go", "test", "-race", "./..."}))

	custom := fakeMachine{env: map[string]string{"CC": "clang"}, programs: []string{"/usr/bin/clang", "/usr/bin/gcc"}}
	found, err := custom.host().compiler().find(t.Context(), logger{io.Discard})
	require.NoError(t, err)
	require.Equal(t, "/usr/bin/clang", found.value)
}

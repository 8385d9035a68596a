//go:build upgrade

package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// release is an earlier version of the program.
type release struct {
	commit string
	knows  int // its newest migration
}

// The versions that must go on while a newer one migrates their database. The first is the release before
// this one; when the next one is made, its commit goes here. The other one is older, and shows that the
// migrations in between took nothing away, either.
var earlierReleases = map[string]release{
	"previous": {commit: "989138279104511092d1c0005cd36413d1f95813", knows: 6},
	"older":    {commit: "ba90cb813f3a4e01ced98dcf7b9b58f145abd422", knows: 4},
}

// An earlier version serves, this one migrates the database, and both serve it, while users sign up, sign
// in, refresh, change their names and passwords, and end sessions. No request fails, and every write is
// there. On SQLite, which has one service at a time, the earlier version goes on after the migration, and
// this one takes over its sessions.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	for name, r := range earlierReleases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := r.build(t)
			onEachEngine(t, func(t *testing.T, inst installation) {
				earlier := inst
				earlier.program = program
				old := start(t, earlier)
				_, refresh := old.devSignIn(t, "user")
				before := startTraffic(t, "before", 3, false, old)
				before.waitForAcks(t, 40)
				both := []*server{old}
				if strings.HasPrefix(inst.database, "postgres") {
					both = append(both, start(t, inst))
				} else {
					inst.mustRun(t, "migrate", "up")
				}
				before.waitForAcks(t, 80)
				before.stop()
				inst.addClients(t)
				requireJourneys(t, both)
				before.verify(t, inst, both...)
				requireShared(t, inst, both)

				old.stop()
				r.requireStart(t, earlier)
				s := start(t, inst)
				require.Equal(t, http.StatusOK, s.refresh(t, refresh).status, "a session of the earlier version")
				requireJourneys(t, []*server{s})
				t.Logf("%s\n%s", r.commit, inst.mustRun(t, "migrate", "status"))
			})
		})
	}
}

// requireShared lets users act on all servers at once.
func requireShared(t *testing.T, inst installation, servers []*server) {
	t.Helper()
	x := startTraffic(t, "after", 3, false, servers...)
	x.waitForAcks(t, 80)
	x.stop()
	x.verify(t, inst, servers...)
}

// requireJourneys does what the traffic does not: clients, introspection and administration. A token of one
// server is accepted by the others.
func requireJourneys(t *testing.T, servers []*server) {
	t.Helper()
	for _, issuing := range servers {
		got, err := issuing.tryForm("/token", "grant_type", "client_credentials", "client_id", "robot", "client_secret", "robot-secret")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.status, got.body)
		got, err = issuing.tryForm("/token", "grant_type", "password", "username", "admin", "password", devPassword("admin"))
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.status, got.body)
		admin := part(got.body, "access_token")
		for _, s := range servers {
			got, err = s.try("GET /api/users?limit=50", admin, "", nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, got.status, got.body)
			require.Contains(t, got.body, "admin@example.com")
			got, err = s.tryForm("/introspect", append([]string{"token", admin}, asWeb...)...)
			require.NoError(t, err)
			require.Equal(t, true, decode(t, got.body)["active"], got.body)
			for _, path := range []string{"/api/audit?limit=5", "/api/clients", "/api/roles", "/api/auth/users/me/sessions", "/userinfo"} {
				got, err = s.try("GET "+path, admin, "", nil)
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, got.status, "%s: %s", path, got.body)
			}
		}
	}
}

// requireStart starts the earlier version on the new schema: it serves if it knows that schema, or if the
// schema says that it admits it, and otherwise it refuses with a message.
func (r release) requireStart(t *testing.T, earlier installation) {
	t.Helper()
	_, schema, oldest := earlier.compatibility(t, earlier.run(t, "migrate", "status"))
	const readsAdmissions = 7 // programs that know less compare the versions
	if r.knows >= schema || r.knows >= readsAdmissions && r.knows >= oldest {
		start(t, earlier).stop()
		return
	}
	cmd := exec.CommandContext(t.Context(), earlier.program, "serve", "--dev", "--listen", "127.0.0.1:0")
	cmd.Dir, cmd.Env = t.TempDir(), earlier.environment()
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "run a newer program")
}

// build returns the program of the release, built from the history of this repository.
func (r release) build(t *testing.T) string {
	t.Helper()
	git := func(arguments ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), "git", arguments...).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	top, err := git("rev-parse", "--show-toplevel")
	require.NoError(t, err, top)
	out, err := git("cat-file", "-e", r.commit+"^{commit}")
	require.NoError(t, err, "the history of this clone has no commit %s: run git fetch --unshallow\n%s", r.commit, out)
	dir := t.TempDir()
	archive := filepath.Join(dir, "source.tar")
	out, err = git("-C", top, "archive", "--format=tar", "--output="+archive, r.commit)
	require.NoError(t, err, out)
	source, program := filepath.Join(dir, "source"), filepath.Join(dir, "latchkey")
	require.NoError(t, os.Mkdir(source, 0o700))
	unpacked, err := exec.CommandContext(t.Context(), "tar", "-xf", archive, "-C", source).CombinedOutput()
	require.NoError(t, err, "%s", unpacked)
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, "./cmd/latchkey")
	build.Dir, build.Env = source, append(os.Environ(), "CGO_ENABLED=0")
	built, err := build.CombinedOutput()
	require.NoError(t, err, "%s", built)
	return program
}

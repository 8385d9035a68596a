package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// file returns the path of the SQLite database, or "" for PostgreSQL.
func (i installation) file() string {
	path, found := strings.CutPrefix(i.database, "sqlite:")
	if !found {
		return ""
	}
	return path
}

// requireRefused starts a server that must refuse its database.
func (i installation) requireRefused(t *testing.T, want string, environment ...string) {
	t.Helper()
	got := execute(t, i.environment(environment...), "", "serve", "--dev", "--listen", "127.0.0.1:0")
	require.Equal(t, 1, got.code, "the server must refuse: %s", got.stderr)
	require.Contains(t, got.stderr, want)
}

// waitForState waits until the running service has recorded all changes.
func (i installation) waitForState(t *testing.T) {
	t.Helper()
	changes := i.queryInt(t, `SELECT changes FROM instance`)
	eventually(t, func() bool {
		raw, err := os.ReadFile(i.file() + ".state")
		require.NoError(t, err)
		recorded, ok := decode(t, string(raw))["changes"].(float64)
		return ok && int(recorded) >= changes
	})
}

// A server whose users are gone refuses to start, whatever happened to the file, until the operator
// restores a backup or accepts the loss.
func TestLostDatabase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lose func(t *testing.T, inst installation)
		want string
	}{
		"removed": {func(t *testing.T, inst installation) {
			require.NoError(t, os.Remove(inst.file()))
			require.NoError(t, os.Remove(inst.file()+"-wal"))
		}, "it is missing or empty"},
		"truncated": {func(t *testing.T, inst installation) {
			require.NoError(t, os.Truncate(inst.file(), 0))
			require.NoError(t, os.Remove(inst.file()+"-wal"))
		}, "it is missing or empty"},
		"replaced by a new one": {func(t *testing.T, inst installation) {
			other := newSQLite(t)
			start(t, other).stop()
			require.NoError(t, os.Remove(inst.file()+"-wal"))
			require.NoError(t, os.Rename(other.file(), inst.file()))
		}, "it is not the database that was used until"},
		"replaced by an older copy": {func(t *testing.T, inst installation) {
			require.NoError(t, os.Remove(inst.file()+"-wal"))
			require.NoError(t, os.Rename(filepath.Join(inst.dir, "older.db"), inst.file()))
		}, "it has lost data: it had at least"},
		"damaged": {func(t *testing.T, inst installation) {
			overwrite(t, inst.file(), 16<<10, 32<<10)
		}, "latchkey.db is damaged: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inst := newSQLite(t)
			s := start(t, inst)
			inst.mustRun(t, "backup", filepath.Join(inst.dir, "older.db"))
			s.mustSignUp(t, "alice", validPassword)
			inst.waitForState(t)
			backup := inst.mustRun(t, "backup", "-")
			s.kill()

			c.lose(t, inst)
			inst.requireRefused(t, c.want)
			inst.requireRefused(t, "latchkey restore FILE")
			got := inst.runWithInput(t, backup, "restore", "-")
			require.Zero(t, got.code, got.stderr)
			start(t, inst).token(t, "alice", validPassword)
		})
	}
}

// overwrite destroys a part of a file.
func overwrite(t *testing.T, path string, offset int64, size int) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteAt(bytes.Repeat([]byte{0x5a}, size), offset)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// A young database is in its main file soon, so that neither a lost nor a damaged log, nor a copy without
// it, loses the users.
func TestLostLog(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, wal string){
		"removed":     func(t *testing.T, wal string) { require.NoError(t, os.Remove(wal)) },
		"overwritten": func(t *testing.T, wal string) { overwrite(t, wal, 0, 8<<10) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inst := newSQLite(t)
			s := start(t, inst)
			s.mustSignUp(t, "alice", validPassword)
			inst.waitForState(t)
			s.kill()
			lose(t, inst.file()+"-wal")
			start(t, inst).token(t, "alice", validPassword)
		})
	}
	t.Run("copied without", func(t *testing.T) {
		t.Parallel()
		inst, copied := newSQLite(t), newSQLite(t)
		s := start(t, inst, "LATCHKEY_SECRET="+oldSecret)
		s.mustSignUp(t, "alice", validPassword)
		inst.waitForState(t)
		raw, err := os.ReadFile(inst.file())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(copied.file(), raw, 0o600))
		start(t, copied, "LATCHKEY_SECRET="+oldSecret).token(t, "alice", validPassword)
	})
}

// The operator can accept a loss. Deleting users is none.
func TestAcceptLostDatabase(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	start(t, inst).stop()
	for _, user := range []string{"user", "moderator"} {
		inst.mustRun(t, "user", "delete", user, "--yes")
	}
	s := start(t, inst)
	inst.exec(t, `DELETE FROM audit_events`)
	s.stop()
	start(t, inst).stop()

	require.NoError(t, os.Remove(inst.file()))
	inst.requireRefused(t, "it is missing or empty")
	require.NoFileExists(t, inst.file(), "a refused start creates nothing")
	got := inst.run(t, "user", "list")
	require.Equal(t, 1, got.code, "commands refuse it, too")
	require.Equal(t, 1, inst.run(t, "migrate", "status").code)
	require.NoFileExists(t, inst.file())
	require.Contains(t, inst.mustRun(t, "migrate", "accept"), " in "+inst.file()+", which has no users")
	start(t, inst).devToken(t, "user")
}

// With a state file, a server refuses another PostgreSQL database than the one it used before.
func TestAnotherPostgres(t *testing.T) {
	t.Parallel()
	inst, other := newPostgres(t), newPostgres(t)
	state := "LATCHKEY_STATE_FILE=" + filepath.Join(inst.dir, "state")
	start(t, inst, state).stop()
	start(t, inst, state).stop()
	start(t, other).stop()
	other.requireRefused(t, "it is not the database that was used until", state)
	empty := newPostgres(t)
	empty.requireRefused(t, "its id cannot be read", state)
	require.Zero(t, empty.queryInt(t, `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()`), "a refused database stays as it is")
}

// Who names the database of another program by mistake learns what to do.
func TestForeignPostgres(t *testing.T) {
	t.Parallel()
	inst := newPostgres(t)
	inst.exec(t, `CREATE TABLE users (id bigint)`)
	inst.requireRefused(t, "give Latchkey a database of its own, or run `latchkey migrate adopt`")
}

// A second service on one SQLite file is refused, through whatever link. Commands beside it work.
func TestSecondService(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	s := start(t, inst)
	hard, soft := filepath.Join(t.TempDir(), "hard.db"), filepath.Join(t.TempDir(), "soft.db")
	require.NoError(t, os.Link(inst.file(), hard))
	require.NoError(t, os.Symlink(inst.file(), soft))
	for _, path := range []string{inst.file(), hard, soft} {
		second := installation{database: "sqlite:" + path, dir: inst.dir}
		second.requireRefused(t, "is in use by another service")
	}
	inst.mustRun(t, "user", "list")
	inst.createUser(t, "alice")
	s.token(t, "alice", validPassword)
	s.kill()
	require.Equal(t, http.StatusOK, start(t, inst).login(t, "alice", validPassword).status, "the lock ends with the process")
}

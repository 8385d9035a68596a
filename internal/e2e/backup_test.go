package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A backup of a running service has everything that was acknowledged before. A restore brings the users
// back and ends all sessions and one-time tokens, of the backup and of later ones.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	s := start(t, inst)
	_, sessionOfBackup := s.devSignIn(t, "user")
	ended, _ := s.devSignIn(t, "admin")
	require.Equal(t, http.StatusAccepted, s.call(t, "", "POST /api/auth/forgot-password", object{"email": "user@example.com"}).status)
	link := inst.waitForToken(t, "user@example.com", resetSubject)
	s.mustSignUp(t, "before", validPassword)
	file := filepath.Join(t.TempDir(), "backup.db")
	inst.mustRun(t, "backup", file)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	s.mustSignUp(t, "after", validPassword)
	_, later := s.devSignIn(t, "user")

	got := inst.run(t, "restore", file)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "is in use by another service, the process")
	s.stop()
	require.Contains(t, inst.mustRun(t, "restore", file), "2 sessions ended, ")

	s = start(t, inst)
	s.token(t, "before", validPassword)
	s.requireLoginFails(t, "after", validPassword)
	s.requireTokenRejected(t, ended)
	requireRefreshRejected(t, s.refresh(t, sessionOfBackup))
	requireRefreshRejected(t, s.refresh(t, later))
	require.Equal(t, "invalid_one_time_token", s.resetPassword(t, link, "another long password").code(t))
	require.Contains(t, inst.mustRun(t, "audit", "--action", "database.restored"), "sessions_ended")

	kept, err := filepath.Glob(filepath.Join(inst.dir, "latchkey.db.before-restore-*"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
	previous := installation{database: "sqlite:" + kept[0], dir: inst.dir}
	require.Contains(t, previous.mustRun(t, "user", "list"), "after@example.com", "the previous database is kept")

	s.stop()
	for range 2 { // most likely in the same second
		inst.mustRun(t, "restore", file)
	}
	kept, err = filepath.Glob(filepath.Join(inst.dir, "latchkey.db.before-restore-*Z"))
	require.NoError(t, err)
	require.Len(t, kept, 3, "each restore keeps the database before it")
}

// A backup goes through pipes, and a restore makes a database where there is none.
func TestBackupThroughPipe(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	s := start(t, inst, "LATCHKEY_SECRET="+oldSecret)
	_, refresh := s.devSignIn(t, "user")
	backup := inst.mustRun(t, "backup", "-")
	s.stop()

	moved := newSQLite(t)
	wrong := execute(t, moved.environment("LATCHKEY_SECRET="+newSecret), backup, "restore", "-")
	require.Equal(t, 1, wrong.code)
	require.Contains(t, wrong.stderr, "LATCHKEY_SECRET is not the one the keys were stored with")
	entries, err := os.ReadDir(moved.dir)
	require.NoError(t, err)
	require.Empty(t, entries, "a failed restore leaves nothing")

	got := execute(t, moved.environment("LATCHKEY_SECRET="+oldSecret), backup, "restore", "-", "--keep-sessions")
	require.Zero(t, got.code, got.stderr)
	s = start(t, moved, "LATCHKEY_SECRET="+oldSecret)
	require.Equal(t, http.StatusOK, s.refresh(t, refresh).status)
}

// A restore refuses what is not a whole database of Latchkey, and leaves the present one as it is.
func TestRestoreOfBadBackup(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	start(t, inst).stop()
	backup := inst.mustRun(t, "backup", "-")
	damaged := backup[:len(backup)/2] + strings.Repeat("x", 4096) + backup[len(backup)/2+4096:]
	for name, c := range map[string]struct{ backup, want string }{
		"empty":            {"", "the backup was not restored: it is empty"},
		"text":             {strings.Repeat("no database ", 1000), "file is not a database"},
		"truncated":        {backup[:len(backup)-8192], "malformed"},
		"damaged":          {damaged, "the check of its integrity failed"},
		"another database": {sqliteFile(t, "CREATE TABLE t (i)"), "it is not a database of Latchkey"},
		"newer":            {sqliteFile(t, "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY, version_id INTEGER, is_applied INTEGER, tstamp TIMESTAMP DEFAULT (datetime('now')))", "CREATE TABLE signing_keys (i)", "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (9999, 1)"), "run a newer program"},
	} {
		got := inst.runWithInput(t, c.backup, "restore", "-")
		require.Equal(t, 1, got.code, name)
		require.Contains(t, got.stderr, c.want, name)
	}
	require.Contains(t, inst.mustRun(t, "user", "list"), "admin@example.com")
	kept, err := filepath.Glob(filepath.Join(inst.dir, "*before-restore*"))
	require.NoError(t, err)
	require.Empty(t, kept)
	start(t, inst)
}

// sqliteFile returns the content of a database after some statements.
func sqliteFile(t *testing.T, statements ...string) string {
	t.Helper()
	inst := newSQLite(t)
	for _, statement := range statements {
		inst.exec(t, statement)
	}
	raw, err := os.ReadFile(inst.file())
	require.NoError(t, err)
	return string(raw)
}

// A backup never replaces a file by mistake, least of all the database.
func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	got := inst.run(t, "backup", filepath.Join(t.TempDir(), "none.db"))
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "there is no database")
	require.NoFileExists(t, inst.file())

	inst.mustRun(t, "migrate", "up")
	file := filepath.Join(t.TempDir(), "backup.db")
	require.NoError(t, os.WriteFile(file, []byte("precious"), 0o600))
	got = inst.run(t, "backup", file)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "exists; use --force to replace it")
	got = inst.run(t, "backup", inst.file(), "--force")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "is the database itself")
	inst.mustRun(t, "backup", file, "--force")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(raw), "SQLite format 3\x00"))
}

// PostgreSQL is backed up by its own tools; after a restore, a command ends the sessions.
func TestEndAllSessions(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		s := start(t, inst)
		access, refresh := s.devSignIn(t, "user")
		if inst.file() == "" {
			for _, command := range []string{"backup", "restore"} {
				got := inst.run(t, command, "file.db")
				require.Equal(t, 2, got.code)
				require.Contains(t, got.stderr, "pg_dump")
			}
		}
		require.Equal(t, 2, inst.run(t, "session", "end").code, "--all is required")
		require.Contains(t, inst.mustRun(t, "session", "end", "--all"), "1 session ended, 0 one-time tokens deleted")
		s.requireTokenRejected(t, access)
		requireRefreshRejected(t, s.refresh(t, refresh))
		require.Contains(t, inst.mustRun(t, "audit", "--action", "session.all_ended"), "operator")
		s.devToken(t, "user")
	})
}

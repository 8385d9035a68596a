package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An import reports each invalid line, stores the others, and fails.
func TestImportErrors(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		const file = `{"username": "good", "email": "good@example.org", "roles": ["ROLE_MODERATOR"], "email_verified": true}
{"username": "bad name", "email": "a@example.org"}
{"username": "c", "email": "none"}
{"username": "d", "email": "d@example.org", "password_hash": "$5$unknown"}
not JSON
{"username": "f", "email": "f@example.org", "roles": ["ROLE_NOBODY"]}
{"username": "g", "email": "g@example.org", "pasword": "x"}
{"username": "h", "email": "h@example.org", "password_hash": "$argon2id$v=19$m=4194304,t=99,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"}
{"username": "GOOD", "email": "other@example.org"}
{"username": "last", "email": "last@example.org"}
`
		inst.mustRun(t, "migrate", "up")
		dry := inst.runWithInput(t, file, "user", "import", "-", "--dry-run")
		require.Equal(t, 1, dry.code)
		require.Contains(t, dry.stdout, "would be created")
		require.Zero(t, inst.queryInt(t, `SELECT count(*) FROM users`))

		got := inst.runWithInput(t, file, "user", "import", "-")
		require.Equal(t, 1, got.code)
		require.Equal(t, "2 created, 0 skipped (already exist), 8 failed\n", got.stdout)
		reported := lines(got.stderr)
		require.Len(t, reported, 9, got.stderr)
		for i, want := range []string{
			"line 2: username: ", "line 3: email: ", "line 4: password_hash: ", "line 5: ", "line 6: roles: unknown role",
			"line 7: pasword: unknown field", "line 8: password_hash: ", "line 9: username: this username is taken",
		} {
			require.Contains(t, reported[i], want)
		}
		require.Equal(t, "latchkey: 8 of 10 lines failed", reported[8])
		require.NotContains(t, got.stderr, "$5$unknown")
		again := inst.runWithInput(t, file, "user", "import", "-", "--json")
		require.JSONEq(t, `{"created": 0, "skipped": 2, "failed": 8, "dry_run": false}`, again.stdout)
		require.InDelta(t, 2, decode(t, lines(again.stderr)[0])["line"], 0)
	})
}

// An import that is killed and run again loses and duplicates no user.
func TestImportSurvivesKill(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		const users = 20_000
		file := filepath.Join(t.TempDir(), "users.csv")
		var text strings.Builder
		_, _ = text.WriteString("username,email,password_hash\n")
		for i := range users {
			_, _ = fmt.Fprintf(&text, "user%05d,user%05d@example.org,$2b$10$abcdefghijklmnopqrstuuJ9QzJ0b3bTq8S0vZ1c7V5l9aQyH0o2K\n", i, i)
		}
		require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
		inst.mustRun(t, "migrate", "up")
		stored := func() int { return inst.queryInt(t, `SELECT count(*) FROM users`) }

		cmd := exec.CommandContext(context.Background(), binary, "user", "import", file)
		cmd.Dir, cmd.Env = t.TempDir(), inst.environment()
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { return stored() > 0 }, waitTimeout, time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
		before := stored()
		require.Less(t, before, users, "the import was killed before its end")

		got := inst.run(t, "user", "import", file)
		require.Equal(t, result{stdout: fmt.Sprintf("%d created, %d skipped (already exist), 0 failed\n", users-before, before)}, got)
		require.Equal(t, users, stored())
		require.Equal(t, users, inst.queryInt(t, `SELECT count(DISTINCT email_key) FROM users`))
		require.Equal(t, users, inst.queryInt(t, `SELECT count(*) FROM users_to_roles`))
	})
}

// An import of an export creates the same users, in both formats.
func TestExportAndImport(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, inst installation) {
		var file strings.Builder
		for i, f := range importedHashes(t)[:40] {
			line, err := json.Marshal(object{"username": fmt.Sprint("José", i), "email": fmt.Sprintf("Mixed%d@example.org", i), "password_hash": f.hash,
				"name": `Zoë, "Ω" <b>`, "picture": "https://example.com/z.png", "email_verified": i%2 == 0, "active": i%3 != 0, "roles": []string{"ROLE_MODERATOR", "ROLE_USER"}[:i%3]})
			require.NoError(t, err)
			_, _ = file.Write(append(line, '\n'))
		}
		imported := inst.runWithInput(t, file.String(), "user", "import", "-")
		require.Zero(t, imported.code, imported.stderr)
		inst.mustRunSilently(t, "user", "disable", "José1", "--until", "2099-01-01T00:00:00Z")
		for _, format := range []string{"ndjson", "csv"} {
			exported := inst.mustRun(t, "user", "export", "--format", format)
			other := newSQLite(t)
			imported := other.runWithInput(t, exported, "user", "import", "-", "--format", format)
			require.Zero(t, imported.code, imported.stderr)
			require.Equal(t, exported, other.mustRun(t, "user", "export", "--format", format))
		}
	})
}

// A file over the limit is refused before it is sent, and the error names the limit of a file.
func TestImportTooLarge(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t))
	r := s.newRequest(t, "POST /api/users/import", "application/octet-stream", "x")
	r.Header.Set("Authorization", "Bearer "+s.devToken(t, "admin"))
	r.Header.Set("Expect", "100-continue")
	r.ContentLength = 1<<30 + 1
	got := send(t, &http.Client{Transport: &http.Transport{ExpectContinueTimeout: waitTimeout}}, r)
	require.Equal(t, http.StatusRequestEntityTooLarge, got.status, got.body)
	require.Contains(t, got.body, "larger than 1 GiB")
}

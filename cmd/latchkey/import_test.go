package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// foreign is a hash that another system made, with its password.
type foreign struct{ kind, hash, password string }

func foreignHashes(t *testing.T) []foreign {
	t.Helper()
	text, err := os.ReadFile("../../internal/password/testdata/foreign.tsv")
	require.NoError(t, err)
	var all []foreign
	for _, line := range lines(string(text)) {
		if columns := strings.Split(line, "\t"); len(columns) == 3 {
			all = append(all, foreign{columns[0], columns[1], columns[2]})
		}
	}
	require.GreaterOrEqual(t, len(all), 200)
	return all
}

// Two hundred users of other systems are imported, all sign in, and all have argon2id afterwards.
func TestForeignHashesSignIn(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		all := foreignHashes(t)
		var file strings.Builder
		for i, f := range all {
			line, err := json.Marshal(object{"username": fmt.Sprint("foreign", i), "email": fmt.Sprintf("foreign%d@example.org", i), "password_hash": f.hash})
			require.NoError(t, err)
			_, _ = file.Write(append(line, '\n'))
		}
		got := command(t, at, file.String(), "user", "import", "-")
		require.Equal(t, outcome{out: fmt.Sprintf("%d created, 0 skipped (they exist), 0 failed\n", len(all))}, got)
		s := start(t, at)
		turns := make(chan struct{}, 4) // hashing has only so many places
		var done sync.WaitGroup
		for i, f := range all {
			done.Go(func() {
				turns <- struct{}{}
				defer func() { <-turns }()
				address := fmt.Sprintf("203.0.113.%d", i)
				right := s.login(t, address, fmt.Sprint("foreign", i), f.password)
				if right.status != http.StatusOK {
					t.Errorf("%s: %s", f.kind, right.body)
				}
			})
		}
		done.Wait()
		require.Zero(t, at.count(t, `SELECT count(*) FROM users WHERE username_key LIKE 'foreign%' AND password_hash NOT LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'`))
		require.Equal(t, len(all), at.count(t, `SELECT count(*) FROM users WHERE username_key LIKE 'foreign%'`))
		s.token(t, "foreign0", all[0].password)
		require.Equal(t, http.StatusBadRequest, s.login(t, "", "foreign0", all[0].password+"x").status)
	})
}

// A line that is wrong is named with what is wrong, the others are stored, and the command fails.
func TestImportFaults(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
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
		dry := command(t, at, file, "user", "import", "-", "--dry-run")
		require.Equal(t, 1, dry.code)
		require.Contains(t, dry.out, "would be created")
		require.Zero(t, at.count(t, `SELECT count(*) FROM users`))

		got := command(t, at, file, "user", "import", "-")
		require.Equal(t, 1, got.code)
		require.Equal(t, "2 created, 0 skipped (they exist), 8 failed\n", got.out)
		faults := lines(got.err)
		require.Len(t, faults, 9, got.err)
		for i, says := range []string{
			"line 2: username: ", "line 3: email: ", "line 4: password_hash: ", "line 5: ", "line 6: roles: there is no such role",
			"line 7: pasword: there is no such member", "line 8: password_hash: ", "line 9: username: the username is taken",
		} {
			require.Contains(t, faults[i], says)
		}
		require.Equal(t, "latchkey: 8 of 10 lines failed", faults[8])
		require.NotContains(t, got.err, "$5$unknown")
		again := command(t, at, file, "user", "import", "-", "--json")
		require.JSONEq(t, `{"created": 0, "skipped": 2, "failed": 8, "dry_run": false}`, again.out)
		require.InDelta(t, 2, decoded(t, lines(again.err)[0])["line"], 0)
	})
}

// An import that is killed and run again neither loses nor doubles anybody.
func TestImportIsKilled(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		const users = 20_000
		file := filepath.Join(t.TempDir(), "users.csv")
		var text strings.Builder
		_, _ = text.WriteString("username,email,password_hash\n")
		for i := range users {
			_, _ = fmt.Fprintf(&text, "user%05d,user%05d@example.org,$2b$10$abcdefghijklmnopqrstuuJ9QzJ0b3bTq8S0vZ1c7V5l9aQyH0o2K\n", i, i)
		}
		require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
		require.Zero(t, command(t, at, "", "migrate", "up").code)
		stored := func() int { return at.count(t, `SELECT count(*) FROM users`) }

		cmd := exec.CommandContext(context.Background(), binary, "user", "import", file)
		cmd.Dir, cmd.Env = t.TempDir(), at.environment()
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { return stored() > 0 }, patience, time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
		before := stored()
		require.Less(t, before, users, "it was killed in the middle")

		got := command(t, at, "", "user", "import", file)
		require.Equal(t, outcome{out: fmt.Sprintf("%d created, %d skipped (they exist), 0 failed\n", users-before, before)}, got)
		require.Equal(t, users, stored())
		require.Equal(t, users, at.count(t, `SELECT count(DISTINCT email_key) FROM users`))
		require.Equal(t, users, at.count(t, `SELECT count(*) FROM users_to_roles`))
	})
}

// What export writes, import reads back to the same users, in both forms.
func TestExportAndImport(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, at place) {
		var file strings.Builder
		for i, f := range foreignHashes(t)[:40] {
			line, err := json.Marshal(object{"username": fmt.Sprint("José", i), "email": fmt.Sprintf("Mixed%d@example.org", i), "password_hash": f.hash,
				"name": `Zoë, "Ω" <b>`, "picture": "https://example.com/z.png", "email_verified": i%2 == 0, "active": i%3 != 0, "roles": []string{"ROLE_MODERATOR", "ROLE_USER"}[:i%3]})
			require.NoError(t, err)
			_, _ = file.Write(append(line, '\n'))
		}
		imported := command(t, at, file.String(), "user", "import", "-")
		require.Zero(t, imported.code, imported.err)
		require.Equal(t, outcome{}, command(t, at, "", "user", "disable", "José1", "--until", "2099-01-01T00:00:00Z"))
		for _, format := range []string{"ndjson", "csv"} {
			out := command(t, at, "", "user", "export", "--format", format)
			require.Zero(t, out.code, out.err)
			fresh := sqlitePlace(t)
			in := command(t, fresh, out.out, "user", "import", "-", "--format", format)
			require.Zero(t, in.code, in.err)
			require.Equal(t, out.out, command(t, fresh, "", "user", "export", "--format", format).out)
		}
	})
}

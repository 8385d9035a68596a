package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// tutorialSchema is what SQLAlchemy creates for the models of the tutorial, with a table that refers to
// users. Some of its indexes have the names of Latchkey's.
const tutorialSchema = `
	CREATE TABLE users (id SERIAL NOT NULL, username VARCHAR NOT NULL, email VARCHAR, password VARCHAR, PRIMARY KEY (id), UNIQUE (username));
	CREATE UNIQUE INDEX ix_users_email ON users (email);
	CREATE INDEX ix_users_id ON users (id);
	CREATE TABLE roles (id SERIAL NOT NULL, name VARCHAR, PRIMARY KEY (id), UNIQUE (name));
	CREATE TABLE users_to_roles (user_id INTEGER, role_id INTEGER, FOREIGN KEY(user_id) REFERENCES users (id), FOREIGN KEY(role_id) REFERENCES roles (id));
	CREATE TABLE items (id SERIAL NOT NULL, title VARCHAR, owner_id INTEGER, PRIMARY KEY (id), FOREIGN KEY(owner_id) REFERENCES users (id));
	INSERT INTO roles (name) VALUES ('ROLE_USER'), ('ROLE_MODERATOR'), ('ROLE_ADMIN'), ('editor');`

// tutorialUsers inserts users U7, U14 and so on, each with an item. All have ROLE_USER, every tenth is an
// editor, every hundredth a moderator.
const tutorialUsers = `
	INSERT INTO users (id, username, email, password) SELECT n * 7, 'U' || n * 7, 'U' || n * 7 || '@example.org', ('{%s}'::text[])[n %% %d + 1] FROM generate_series(1, %d) AS n;
	INSERT INTO users_to_roles SELECT id, 1 FROM users;
	INSERT INTO users_to_roles SELECT id, 4 FROM users WHERE id %% 10 = 0;
	INSERT INTO users_to_roles SELECT id, 2 FROM users WHERE id %% 100 = 0;
	INSERT INTO items (title, owner_id) SELECT 'item of ' || username, id FROM users;`

const manyAdopted = 10_000

var tutorialPasswords = []string{"first password", "second password", "third password"}

// newTutorial returns a database with the tutorial's tables and n users.
func newTutorial(t *testing.T, n int) installation {
	t.Helper()
	inst := newPostgres(t)
	hashes := make([]string, len(tutorialPasswords))
	for i, text := range tutorialPasswords {
		hash, err := bcrypt.GenerateFromPassword([]byte(text), bcrypt.MinCost)
		require.NoError(t, err)
		hashes[i] = string(hash)
	}
	inst.exec(t, tutorialSchema)
	inst.exec(t, fmt.Sprintf(tutorialUsers, strings.Join(hashes, ","), len(hashes), n))
	return inst
}

// content returns a text in which every change of the database shows.
func (i installation) content(t *testing.T) string {
	t.Helper()
	var names []string
	i.withDatabase(t, func(db *sql.DB) error {
		rows, err := db.QueryContext(t.Context(), `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'i', 'S') ORDER BY 1`)
		require.NoError(t, err)
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name string
			require.NoError(t, rows.Scan(&name))
			names = append(names, name)
		}
		return rows.Err()
	})
	text := strings.Join(names, "\n")
	for _, table := range strings.Fields("users roles users_to_roles tutorial_users tutorial_roles tutorial_users_to_roles adopted_users audit_events") {
		if strings.Contains("\n"+text+"\n", "\n"+table+"\n") {
			text += "\n" + i.tableText(t, table)
		}
	}
	return text
}

// requireAdopted requires n users with the right ids and roles.
func (i installation) requireAdopted(t *testing.T, n int) {
	t.Helper()
	require.Equal(t, n, i.queryInt(t, `SELECT count(*) FROM users u JOIN adopted_users a ON a.user_id = u.id
		WHERE a.adopted_at IS NOT NULL AND u.username = 'U' || a.old_id AND u.email = 'U' || a.old_id || '@example.org'`))
	require.Equal(t, n, i.queryInt(t, `SELECT count(*) FROM users`))
	require.Equal(t, n, i.queryInt(t, `SELECT count(*) FROM adopted_users`))
	require.Equal(t, n, i.queryInt(t, `SELECT count(*) FROM adopted_users a WHERE
		ARRAY(SELECT r.name FROM users_to_roles m JOIN roles r ON r.id = m.role_id WHERE m.user_id = a.user_id ORDER BY r.name) = array_remove(ARRAY[
			CASE WHEN old_id % 10 = 0 THEN 'ROLE_EDITOR' END, CASE WHEN old_id % 100 = 0 THEN 'ROLE_MODERATOR' END, 'ROLE_USER'], NULL)`))
	require.Equal(t, 1, i.queryInt(t, `SELECT count(*) FROM roles WHERE name = 'ROLE_EDITOR' AND scopes = '{}'`))
}

const foundTutorial = `role "ROLE_ADMIN" becomes "ROLE_ADMIN": 0 users`

// The tutorial's users sign in after the adoption, with their roles. A dry run and a second run change nothing.
func TestAdopt(t *testing.T) {
	t.Parallel()
	inst := newTutorial(t, manyAdopted)
	before := inst.content(t)
	dry := inst.run(t, "migrate", "adopt", "--dry-run")
	require.Zero(t, dry.code, dry.stderr)
	for _, part := range []string{"found 10000 users and 4 roles", "tables to rename", `role "editor" becomes "ROLE_EDITOR": 1000 users`, foundTutorial, "10000 would be adopted, 0 already adopted, 0 failed\n"} {
		require.Contains(t, dry.stdout, part)
	}
	require.Equal(t, before, inst.content(t))

	require.Contains(t, inst.mustRun(t, "migrate", "adopt", "--strict"), "\n10000 adopted, 0 already adopted, 0 failed\n")
	inst.requireAdopted(t, manyAdopted)
	require.Equal(t, manyAdopted, inst.queryInt(t, `SELECT count(*) FROM items i JOIN adopted_users a ON a.old_id = i.owner_id
		JOIN users u ON u.id = a.user_id WHERE i.title = 'item of ' || u.username`))
	require.Equal(t, manyAdopted, inst.queryInt(t, `SELECT count(*) FROM tutorial_users`))
	after := inst.content(t)
	for _, flags := range [][]string{nil, {"--strict"}, {"--dry-run"}} {
		require.Contains(t, inst.mustRun(t, append([]string{"migrate", "adopt"}, flags...)...), "10000 already adopted, 0 failed\n")
		require.Equal(t, after, inst.content(t))
	}

	s := start(t, inst)
	slots := make(chan struct{}, 4) // as many sign-ins at once
	var done sync.WaitGroup
	for i, n := range rand.Perm(manyAdopted)[:200] {
		done.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			n++
			caller := s.from(fmt.Sprintf("203.0.113.%d", i))
			got := caller.loginWhenFree(t, fmt.Sprint("u", n*7), tutorialPasswords[n%len(tutorialPasswords)])
			if got.status != http.StatusOK {
				t.Errorf("user %d: %d %s", n*7, got.status, got.body)
			}
		})
	}
	done.Wait()
}

// An adoption that is killed and run again loses and duplicates no user.
func TestAdoptSurvivesKill(t *testing.T) {
	t.Parallel()
	inst := newTutorial(t, manyAdopted)
	cmd := exec.CommandContext(context.Background(), binary, "migrate", "adopt")
	cmd.Dir, cmd.Env = t.TempDir(), inst.environment()
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		return inst.queryInt(t, `SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'adopted_users'`) > 0 &&
			inst.queryInt(t, `SELECT count(*) FROM users`) > 0
	}, waitTimeout, time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait(), "the adoption was killed before its end")
	require.Contains(t, inst.mustRun(t, "migrate", "adopt"), " 0 failed\n")
	inst.requireAdopted(t, manyAdopted)

	// Killed after the renaming, before Latchkey's tables were created.
	renamed := newTutorial(t, 10)
	for _, statement := range []string{
		`ALTER TABLE users RENAME TO tutorial_users`, `ALTER INDEX users_pkey RENAME TO tutorial_users_pkey`, `ALTER INDEX users_username_key RENAME TO tutorial_users_username_key`,
		`ALTER TABLE roles RENAME TO tutorial_roles`, `ALTER INDEX roles_pkey RENAME TO tutorial_roles_pkey`, `ALTER INDEX roles_name_key RENAME TO tutorial_roles_name_key`,
		`ALTER TABLE users_to_roles RENAME TO tutorial_users_to_roles`,
	} {
		renamed.exec(t, statement)
	}
	require.Contains(t, renamed.mustRun(t, "migrate", "adopt"), "\n10 adopted, 0 already adopted, 0 failed\n")
	renamed.requireAdopted(t, 10)
}

// Problems are reported by id. They do not stop the other users, unless the adoption is strict.
func TestAdoptProblems(t *testing.T) {
	t.Parallel()
	inst := newTutorial(t, 10)
	inst.exec(t, `INSERT INTO users (id, username, email, password) VALUES (1001, 'bad', 'none', NULL), (1002, 'u7', 'other@example.org', NULL),
		(1003, 'case', 'u14@EXAMPLE.org', NULL), (1004, 'hash', 'hash@example.org', 'md5:x'), (1005, 'a b', 'ab@example.org', NULL), (1006, 'role', 'role@example.org', NULL);
		INSERT INTO roles (name) VALUES ('Редактор'); INSERT INTO users_to_roles VALUES (1006, 5)`)
	before := inst.content(t)
	problems := "user 1001: email: this is not an email address\nuser 1002: username: this username is taken\nuser 1003: email: this email address is taken\n" +
		"user 1004: password_hash: unusable password hash: unknown algorithm\nuser 1005: username: a username consists of letters, digits and punctuation, without spaces\n" +
		"user 1006: roles: unknown role\n"
	for _, flag := range []string{"--dry-run", "--strict"} {
		got := inst.run(t, "migrate", "adopt", flag)
		require.Equal(t, 1, got.code)
		require.True(t, strings.HasPrefix(got.stderr, problems), got.stderr)
		require.Equal(t, before, inst.content(t), flag)
	}
	for _, total := range []string{"10 adopted, 0 already adopted, 6 failed\n", "0 adopted, 10 already adopted, 6 failed\n"} {
		got := inst.run(t, "migrate", "adopt")
		require.Equal(t, 1, got.code)
		require.Equal(t, problems+"latchkey: 6 of 16 users failed\n", got.stderr)
		require.True(t, strings.HasSuffix(got.stdout, total), got.stdout)
		inst.requireAdopted(t, 10)
	}
	inst.exec(t, `UPDATE tutorial_users SET email = 'good@example.org' WHERE id = 1001`)
	require.Contains(t, inst.run(t, "migrate", "adopt").stdout, "\n1 adopted, 10 already adopted, 5 failed\n")
	inst.exec(t, `DELETE FROM users WHERE username = 'U70'`)
	require.Contains(t, inst.run(t, "migrate", "adopt").stdout, "\n0 adopted, 11 already adopted, 5 failed\n", "a deleted user stays deleted")
}

// Users can be copied from another schema, which stays as it is. An account of the same name that was
// there before is not handed over.
func TestAdoptFrom(t *testing.T) {
	t.Parallel()
	from, inst := newTutorial(t, 10), newPostgres(t)
	before := from.content(t)
	inst.mustRun(t, "migrate", "up")
	require.Contains(t, inst.run(t, "migrate", "adopt").stderr, "the tutorial's tables are not there")
	require.Equal(t, 0, inst.runWithInput(t, validPassword+"\n", "user", "create", "U7", "--email", "U7@example.org").code)
	got := inst.run(t, "migrate", "adopt", "--from", from.database)
	require.Equal(t, "user 7: another user has this username and email address\nlatchkey: 1 of 10 users failed\n", got.stderr)
	require.Contains(t, got.stdout, "\n9 adopted, 0 already adopted, 1 failed\n")
	require.Equal(t, before, from.content(t))
	require.Equal(t, 9, inst.queryInt(t, `SELECT count(*) FROM adopted_users`))

	require.Contains(t, newSQLite(t).run(t, "migrate", "adopt").stderr, "adopting needs PostgreSQL")
	require.Contains(t, inst.run(t, "migrate", "adopt", "--from", "mysql://x").stderr, "--from: must begin with")
}

// If Latchkey's tables cannot be created, the tutorial's tables keep their names.
func TestAdoptIsUndone(t *testing.T) {
	t.Parallel()
	inst := newTutorial(t, 1)
	inst.exec(t, `CREATE TABLE sessions (id int)`)
	got := inst.run(t, "migrate", "adopt")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "sessions")
	require.Equal(t, 1, inst.queryInt(t, `SELECT count(*) FROM users WHERE id = 7`))
	require.Equal(t, 1, inst.queryInt(t, `SELECT count(*) FROM pg_class WHERE relname = 'users_username_key' AND relnamespace = current_schema()::regnamespace`))
}

// The statements of the documentation give the old tables their names back.
func TestAdoptAndGoBack(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/moving/README.md")
	require.NoError(t, err)
	statements := regexp.MustCompile(`(?s)BEGIN;.*COMMIT;`).FindString(string(page))
	inst := newTutorial(t, 3)
	inst.mustRun(t, "migrate", "adopt")
	inst.exec(t, statements)
	require.Equal(t, 3, inst.queryInt(t, `SELECT count(*) FROM users u JOIN items i ON i.owner_id = u.id JOIN users_to_roles m ON m.user_id = u.id
		JOIN roles r ON r.id = m.role_id WHERE r.name = 'ROLE_USER'`))
	inst.exec(t, `INSERT INTO users (id, username, email) VALUES (100, 'new', 'new@example.org'); INSERT INTO roles (name) VALUES ('more')`)
}

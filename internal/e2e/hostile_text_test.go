package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// escapes are what a terminal, a log or a table would obey: ESC and C1 sequences, line ends, a tab,
// marks that reverse the text.
const escapes = "\x1b]0;owned\x07\x1b[2J\u009b31m\u0085\r\n\t\x7f\u202e\u2028"

// requirePrintable requires lines of valid, printable text.
func requirePrintable(t *testing.T, text, what string) {
	t.Helper()
	require.NotEmpty(t, text, what)
	require.True(t, utf8.ValidString(text), what)
	for _, r := range text {
		require.True(t, r == '\n' || unicode.IsPrint(r), "%s contains %q", what, r)
	}
}

// No text that somebody else chose reaches a terminal, a log line or a table raw.
func TestHostileText(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			onEachEngine(t, func(t *testing.T, inst installation) {
				inst.withStore(t, func(ctx context.Context, s store) { // what an old system or another program may have stored
					u := newUser("evil"+escapes, "", "ROLE_USER")
					u.Name = "evil" + escapes
					created := audit.New(audit.With(ctx, &audit.Actor{Name: u.Username, UserAgent: escapes, RequestID: escapes}), u.CreatedAt, audit.UserCreated, u.Username, u.ID)
					require.NoError(t, s.CreateUser(ctx, u, audit.Change{Event: created}))
					require.NoError(t, s.CreateClient(ctx, oauth.Client{ID: "app", Name: "evil" + escapes, Public: true, Grants: []string{"password"}}, audit.Change{}))
				})
				s := start(t, inst, "LATCHKEY_LOG_FORMAT="+format)
				s.sendHostileText(t)
				for _, command := range []string{
					"user list", "user list --json", "audit --limit 0", "audit --limit 0 --json", "client list", "client list --json", "role list", "hook list",
				} {
					requirePrintable(t, "."+inst.mustRun(t, strings.Fields(command)...), command)
				}
				for _, arguments := range [][]string{
					{"user", "disable", "nobody" + escapes}, {"user", "grant", "user", "ROLE" + escapes}, {"audit", "--user", "x" + escapes},
					{"hook", "create", "https://x" + escapes}, {"client", "delete", "c" + escapes, "--yes"}, {"nonsense" + escapes},
				} {
					got := inst.run(t, arguments...)
					require.NotZero(t, got.code)
					requirePrintable(t, got.stderr, fmt.Sprint(arguments))
				}
				imported := inst.runWithInput(t, `{"username":"x`+escapes+`","email":"y","`+escapes+`":1}`+"\n"+`{"\u001b[2J":1}`, "user", "import", "-")
				require.NotZero(t, imported.code)
				requirePrintable(t, imported.stderr, "the report of an import")
				table := lines(inst.mustRun(t, "user", "list"))
				require.Len(t, table, 1+inst.queryInt(t, `SELECT count(*) FROM users`), "one line per user")
				s.stop()
				requirePrintable(t, s.log.String(), "the log")
			})
		})
	}
}

// sendHostileText puts such text wherever a request can carry it.
func (s *server) sendHostileText(t *testing.T) {
	t.Helper()
	percent := func(text string) string {
		var b strings.Builder
		for i := range len(text) {
			fmt.Fprintf(&b, "%%%02x", text[i])
		}
		return b.String()
	}
	admin := s.devToken(t, "admin")
	s.login(t, "nobody"+escapes, "wrong")
	s.login(t, "user", "wrong", "client_id", "c"+escapes)
	s.login(t, "user", "wrong", "scope", escapes)
	s.signUp(t, "x"+escapes, validPassword)
	got := s.call(t, "", "POST /api/auth/signup", object{"username": "mark", "email": "mark@example.com", "password": validPassword, "name": "a\u202eb"})
	require.Contains(t, []int{http.StatusCreated, http.StatusUnprocessableEntity}, got.status)
	for _, path := range []string{"/nothing" + percent(escapes), "/api/users/" + percent(escapes), "/et_" + percent("secret"+escapes), "/api/users?cursor=" + percent(escapes)} {
		requirePrintable(t, s.get(t, path, admin).body, path)
	}
	statuses, _ := s.sendRaw(t, rawRequest("User-Agent: a\u009b31m\u202e\xff\r\nX-Request-Id: \u009b31m-12345678\r\n", "grant_type=password&username=user&password=wrong"))
	require.Equal(t, []int{http.StatusBadRequest}, statuses)
	statuses, _ = s.sendRaw(t, "GET /raw\u009b31m\x7f HTTP/1.1\r\nHost: x\u009b\r\n\r\n")
	require.Equal(t, []int{http.StatusBadRequest}, statuses)
	require.Equal(t, http.StatusCreated, s.call(t, admin, "POST /api/clients", object{
		"id": "named", "name": "a\u202eb", "public": true, "first_party": true, "grants": []string{"password"}}).status)
}

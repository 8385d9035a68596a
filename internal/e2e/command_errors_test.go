package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// failedCommand is a command that must fail.
type failedCommand struct {
	input     string
	arguments string
	code      int
	want      string // part of the line on standard error
}

const (
	noUser     = "user \"nobody\" not found; see `latchkey user list`"
	noDatabase = "or create one with `latchkey serve` or `latchkey migrate up`"
	noClient   = "client \"nobody\" not found; see `latchkey client list`"
)

// userCommandErrors need a user named taken.
var userCommandErrors = map[string]failedCommand{
	"create without a password":         {"", "user create bob --email bob@example.com", 1, "no password on standard input"},
	"create with an empty password":     {"\n", "user create bob --email bob@example.com", 1, "no password on standard input"},
	"create with a short password":      {"short\n", "user create bob --email bob@example.com", 1, "the password must have at least 8 characters"},
	"create with a common password":     {"password1\n", "user create bob --email bob@example.com", 1, "this password is too common; choose another one"},
	"create with a taken username":      {validPassword + "\n", "user create TAKEN --email bob@example.com", 1, "this username is taken"},
	"create with a taken email":         {validPassword + "\n", "user create bob --email Taken@Example.com", 1, "mail address is taken"},
	"create without an email":           {validPassword + "\n", "user create bob", 2, "missing flags: --email=ADDRESS (see `latchkey user create --help`)"},
	"create with an invalid email":      {validPassword + "\n", "user create bob --email bob", 1, "mail address"},
	"create with an unknown role":       {validPassword + "\n", "user create bob --email bob@example.com --role ROLE_KING", 1, "unknown role"},
	"create with a password as a flag":  {"", "user create bob --email bob@example.com --password x", 2, "unknown flag --password"},
	"grant to an unknown user":          {"", "user grant nobody ROLE_ADMIN", 1, noUser},
	"revoke from an unknown user":       {"", "user revoke nobody ROLE_ADMIN", 1, noUser},
	"grant an unknown role":             {"", "user grant taken ROLE_KING", 1, "unknown role"},
	"set an unknown user's password":    {validPassword + "\n", "user set-password nobody", 1, noUser},
	"set a short password":              {"short\n", "user set-password taken", 1, "the password must have at least 8 characters"},
	"set no password":                   {"", "user set-password taken", 1, "no password on standard input"},
	"disable an unknown user":           {"", "user disable nobody", 1, noUser},
	"delete an unknown user":            {"", "user delete nobody --yes", 1, noUser},
	"edit nothing":                      {"", "user edit taken", 2, "name something to change; see `latchkey user edit --help`"},
	"disable until tomorrow":            {"", "user disable taken --until tomorrow", 2, `--until: "tomorrow" is not a time such as 2030-03-01T00:00:00Z`},
	"disable until a time in the past":  {"", "user disable taken --until 2020-01-01T00:00:00Z", 1, "the time is in the past"},
	"delete a built-in role":            {"", "role delete ROLE_USER --yes", 1, "ROLE_USER is built in and cannot be deleted; remove it from users instead"},
	"list an unknown role":              {"", "user list --role ROLE_KING", 1, "unknown role; see `latchkey role list`"},
	"audit events of an unknown action": {"", "audit --action user.signed", 2, "--action: \"user.signed\" is not an action; the actions are user.registered, "},
	"no command":                        {"", "", 2, "expected one of"},
	"unknown command":                   {"", "sevre", 2, `did you mean "serve"?`},
}

// clientCommandErrors need a public client named app.
var clientCommandErrors = map[string]failedCommand{
	"create an existing client":            {"", "client create app --grant password --first-party", 1, `client "app" already exists`},
	"create the built-in client":           {"", "client create latchkey-public --grant password --first-party", 1, `client "latchkey-public" already exists`},
	"create without grants":                {"", "client create web", 2, "missing flags: --grant"},
	"create with an unknown grant":         {"", "client create web --grant implicit", 1, "choose one or more of these grants: password refresh_token client_credentials"},
	"password grant of a third party":      {"", "client create web --grant password", 1, "add --first-party if the same people run it as this service"},
	"create with an invalid id":            {"", "client create a/b --grant refresh_token", 1, "an id consists of"},
	"create with a secret as a flag":       {"", "client create web --grant refresh_token --secret x", 2, "unknown flag --secret"},
	"rotate an unknown client's secret":    {"", "client rotate-secret nobody", 1, noClient},
	"rotate the secret of a public client": {"", "client rotate-secret app", 1, "a public client has no secret"},
	"HS256 without a shared key":           {"", "client update app --audience app --access-token-algorithm HS256", 1, "create it first: run `latchkey client rotate-token-key app`"},
	"an unknown algorithm":                 {"", "client update app --audience app --access-token-algorithm none", 1, "choose HS256, or nothing for the algorithm of the service\n"},
	"rotate with a negative overlap":       {"", "client rotate-secret app --overlap=-1s", 2, "must not be negative"},
	"delete an unknown client":             {"", "client delete nobody", 1, noClient},
}

// hookCommandErrors need the master secret of a development server.
var hookCommandErrors = map[string]failedCommand{
	"create without TLS":                   {"", "hook create http://example.com/hook", 1, "must start with https://"},
	"create without a URL":                 {"", "hook create example", 1, "must be a full URL"},
	"create with credentials in the URL":   {"", "hook create https://me:canary-password@example.com/", 1, "cannot contain a username or password"},
	"create with an unknown event":         {"", "hook create https://example.com/ --event user.praised", 1, "user.role_granted"},
	"delete an unknown webhook":            {"", "hook delete 00000000-0000-4000-8000-000000000000", 1, "webhook \""},
	"replay an unknown delivery":           {"", "hook replay 00000000-0000-4000-8000-000000000000", 1, "delivery \""},
	"replay a delivery with an invalid id": {"", "hook replay nothing", 1, "delivery \""},
}

func TestUserCommandErrors(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	inst.createUser(t, "taken")
	requireErrors(t, inst, userCommandErrors)
}

// A command that reads or changes what exists makes no database where there is none, such as in a wrong directory.
func TestCommandWithoutDatabase(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	requireErrors(t, inst, map[string]failedCommand{
		"users": {"", "user list", 1, noDatabase}, "export": {"", "user export", 1, noDatabase}, "roles": {"", "role list", 1, noDatabase},
		"clients": {"", "client list", 1, noDatabase}, "webhooks": {"", "hook list", 1, noDatabase}, "events": {"", "audit", 1, noDatabase},
		"rollback": {"", "migrate down --yes", 1, noDatabase}, "migrations": {"", "migrate status", 1, noDatabase},
		"accept": {"", "migrate accept", 1, noDatabase}, "check users": {`{"email":"ann@example.com"}`, "user import - --dry-run", 1, noDatabase},
		"client with a shared key, without a secret": {
			"", "client create realm --public --first-party --grant password --audience app --access-token-algorithm HS256", 2, "LATCHKEY_SECRET is not set",
		},
		"edit":    {"", "user edit ann --name Ann", 1, noDatabase},
		"disable": {"", "user disable ann", 1, noDatabase}, "sign out": {"", "user sign-out ann", 1, noDatabase},
		"delete": {"", "user delete ann --yes", 1, noDatabase}, "role": {"", "role delete ROLE_EDITOR --yes", 1, noDatabase},
		"secret": {"", "client rotate-secret web", 1, noDatabase}, "sessions": {"", "session end --all", 1, noDatabase},
	})
	t.Cleanup(func() { // after the parallel subtests
		files, err := os.ReadDir(inst.dir)
		require.NoError(t, err)
		require.Empty(t, files)
	})
}

// A command that may be the first one says that it made the database, and its standard output stays that of the command.
func TestCommandThatCreatesDatabase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ input, arguments string }{
		"role": {"", "role put ROLE_EDITOR"}, "client": {"", "client create app --public --grant refresh_token"},
		"user":   {validPassword + "\n", "user create ann --email ann@example.com"},
		"import": {`{"username":"ann","email":"ann@example.com"}`, "user import -"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inst := newSQLite(t)
			created := "created the database " + inst.file() + "; if the service already has one, delete this one"
			got := inst.runWithInput(t, c.input, strings.Fields(c.arguments)...)
			require.Zero(t, got.code, got.stderr)
			require.Contains(t, got.stderr, created)
			require.NotContains(t, got.stdout, created)
			require.NotContains(t, inst.run(t, "role", "put", "ROLE_AUTHOR").stderr, created, "it exists now")
		})
	}
}

func TestClientCommandErrors(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	inst.mustRun(t, "client", "create", "app", "--public", "--grant", "refresh_token")
	requireErrors(t, inst, clientCommandErrors)
}

func TestKeyCommandErrors(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	inst.mustRun(t, "migrate", "up")
	file := filepath.Join(inst.dir, "secret")
	require.NoError(t, os.WriteFile(file, []byte(oldSecret), 0o600))
	withFile := " --secret-file " + file
	requireErrors(t, inst, map[string]failedCommand{
		"list without a secret":            {"", "key list", 2, "LATCHKEY_SECRET is not set: set LATCHKEY_SECRET_FILE or LATCHKEY_SECRET as for the service"},
		"list with a missing secret file":  {"", "key list --secret-file /nowhere", 2, "LATCHKEY_SECRET_FILE: stat /nowhere"},
		"rotate in days":                   {"", "key rotate --lead 2days" + withFile, 2, `--lead: "2days" is not a duration such as 30s, 15m or 24h (see ` + "`latchkey key rotate --help`)"},
		"rotate before there is a key":     {"", "key rotate" + withFile, 1, "there is no key yet"},
		"rotate before verifiers can know": {"", "key rotate --lead 0s" + withFile, 1, "give them 6m20s, or add --force\n"},
		"revoke an unknown key":            {"", "key revoke nothing" + withFile, 1, "key \"nothing\" not found; see `latchkey key list`"},
	})
}

func TestHookCommandErrors(t *testing.T) {
	t.Parallel()
	inst := newSQLite(t)
	start(t, inst) // generates the master secret
	requireErrors(t, inst, hookCommandErrors)
}

// requireErrors requires that every command fails with one line on standard error, without passwords.
func requireErrors(t *testing.T, inst installation, cases map[string]failedCommand) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := inst.runWithInput(t, c.input, strings.Fields(c.arguments)...)
			require.Equal(t, c.code, got.code, got.stderr)
			require.Len(t, lines(got.stderr), 1, got.stderr)
			require.True(t, strings.HasPrefix(got.stderr, "latchkey: "), got.stderr)
			require.Contains(t, got.stderr, c.want)
			require.NotContains(t, got.stderr, "canary-password")
			require.Empty(t, got.stdout)
		})
	}
}

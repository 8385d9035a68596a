package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type explainCommand struct {
	config.Database `embed:"" group:"Database"`

	Token        string   `arg:"" optional:"" default:"-" help:"The access token. Default: standard input, where it is not visible in the process list."`
	Operation    string   `placeholder:"OPERATION" help:"Operation of Latchkey that the token is for: an operationId such as listUsers, or METHOD and path such as 'GET /api/users'."`
	Scope        []string `placeholder:"SCOPE" sep:" " help:"Scopes that the API demands."`
	Role         []string `placeholder:"ROLE" sep:" " help:"Roles of which the API demands one."`
	Issuer       string   `env:"LATCHKEY_ISSUER" placeholder:"URL" help:"Issuer that the API expects. Default in the directory of a development service: that of the service."`
	Audience     []string `env:"LATCHKEY_AUDIENCE" placeholder:"URI" help:"Audience that the API expects. Of several, the first one counts, as for the operations of Latchkey. Default: the issuer."`
	TokenType    string   `env:"LATCHKEY_TOKEN_TYPE" enum:"at+jwt,JWT" default:"at+jwt" placeholder:"TYP" help:"The typ header that the service gives to access tokens: at+jwt or JWT. Default: ${default}."`
	JWTAudiences []string `name:"jwt-audiences" env:"LATCHKEY_JWT_AUDIENCES" placeholder:"URI" help:"Audiences whose access tokens have the typ header JWT. Default: none."`
	Offline      bool     `help:"Do not use the database: show only what the token says."`
	JSON         bool     `name:"json" help:"Print a JSON object, for scripts."`
}

// Help is the detail of `latchkey explain --help`.
func (*explainCommand) Help() string {
	return "Show the claims of an access token, and the checks that it passes or fails, in the order in which the service makes them. With the database and the " +
		"settings of the service, that includes the typ, the signature, the session and the user. Without the database, only what the token says is " +
		"checked. An operation responds with 401 to an invalid token, and with 403 if a scope or role is missing.\n\n" + examples(
		"latchkey token -u user | latchkey explain --operation 'GET /api/users'",
		"latchkey explain --role ROLE_ADMIN < token.txt",
		"latchkey explain --offline --scope \"profile users:read\" --json < token.txt",
	)
}

// explainTimeout bounds the wait for the database.
const explainTimeout = 5 * time.Second

// Run reads the token and explains it.
func (c *explainCommand) Run(ctx context.Context, std stdio) error {
	need, err := c.requirement()
	if err != nil {
		return settingsError{err}
	}
	token, err := c.readToken(std.in)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, explainTimeout)
	defer cancel()
	issuer := cmp.Or(c.Issuer, config.StoredDevIssuer(c.DataDir))
	audience := append(slices.Clone(c.Audience), issuer)[0]
	explainer := oauth.Explainer{Tokens: tokenReader{}, Issuer: issuer, Audience: audience, Leeway: keyring.Leeway, Now: time.Now}
	if db := c.openDatabase(ctx, std.err); db != nil {
		defer func() { _ = db.Close() }()
		explainer.Tokens, explainer.Sessions = tokenReader{db}, db
		explainer.TypeFor = keyring.Options{Type: c.TokenType, JWTFor: c.JWTAudiences, Audience: audience}.TypeFor
	}
	e, err := explainer.Explain(ctx, token, need)
	if err != nil {
		return err
	}
	if c.JSON {
		return printExplanationJSON(std.out, e)
	}
	return printExplanation(std.out, e)
}

// requirement returns what the flags demand of the token.
func (c *explainCommand) requirement() (oauth.Requirement, error) {
	if c.Operation == "" {
		return oauth.Requirement{Scopes: c.Scope, AnyRole: c.Role}, nil
	}
	if len(c.Scope)+len(c.Role) > 0 {
		return oauth.Requirement{}, errors.New("use either --operation, or --scope and --role")
	}
	need, err := httpapi.Requirement(c.Operation)
	if err == nil && !need.AnyToken {
		err = fmt.Errorf("%s needs no access token", c.Operation)
	}
	return need, err
}

// maxTokenInput is how much of standard input is read, in bytes.
const maxTokenInput = 64 << 10

// readToken returns the token without white space at its ends.
func (c *explainCommand) readToken(in io.Reader) (string, error) {
	if c.Token != "-" {
		return c.Token, nil
	}
	line, err := bufio.NewReader(io.LimitReader(in, maxTokenInput)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimSpace(line); line == "" {
		return "", errors.New("no token on standard input; pipe it in, or give it as the argument")
	}
	return line, nil
}

// openDatabase opens the database of the service, and leaves it as it is. It returns nil, and says why,
// if there is none.
func (c *explainCommand) openDatabase(ctx context.Context, messages io.Writer) database {
	if c.Offline {
		return nil
	}
	settings := c.Database
	err := settings.Resolve()
	if path := settings.SQLitePath(); err == nil && path != "" {
		_, err = os.Stat(path)
	}
	var db database
	if err == nil {
		db, err = openDatabase(ctx, settings)
	}
	if err != nil {
		_, _ = fmt.Fprintf(messages, "The database is not available, so only what the token says is checked: %s\n", printableLines(err.Error()))
		return nil
	}
	return db
}

func printExplanation(out io.Writer, e oauth.Explanation) error {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e.Token.Payload)) {
		fmt.Fprintf(&b, "%-10s %s\n", name, claimText(name, e.Token))
	}
	if len(e.Token.Payload) > 0 {
		b.WriteString("\n")
	}
	for _, check := range e.Checks {
		outcome := string(check.Outcome)
		if check.Outcome == oauth.CheckFailed {
			outcome = statusFailed
		}
		fmt.Fprintf(&b, "%-8s %-10s %s\n", outcome, check.Name, check.Text)
	}
	_, verdict := httpapi.Verdict(e)
	fmt.Fprintf(&b, "\nResult: %s\n", verdict)
	_, err := fmt.Fprint(out, printableLines(b.String()))
	return err
}

// claimText returns a claim as JSON, with the time in words if it is one.
func claimText(name string, t oauth.DecodedToken) string {
	text := string(t.Payload[name])
	switch {
	case name == "exp" && t.Err == nil:
		return text + " (" + timestamp(t.Claims.ExpiresAt) + ")"
	case name == "iat" && t.Err == nil:
		return text + " (" + timestamp(t.Claims.IssuedAt) + ")"
	}
	return text
}

func printExplanationJSON(out io.Writer, e oauth.Explanation) error {
	return json.NewEncoder(jsonWriter{out}).Encode(httpapi.TokenExplanation(e))
}

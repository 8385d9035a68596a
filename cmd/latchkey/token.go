package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/throttle"
)

type tokenCommand struct {
	config.Serve `embed:""`

	User   string `short:"u" required:"" placeholder:"USER" help:"Username or email address."`
	Client string `placeholder:"ID" help:"Client that the token is issued to. Default: the built-in public client."`
	Scope  string `placeholder:"SCOPES" help:"Scopes of the token, separated by spaces. Default: all that the user and the client may have."`
	Curl   bool   `xor:"form" help:"Print a curl command that uses the token."`
	JSON   bool   `name:"json" xor:"form" help:"Print the response of the token endpoint, with the refresh token."`
}

// Help is the detail of `latchkey token --help`.
func (*tokenCommand) Help() string {
	return "Print an access token of a user, without their password. Run it with the settings of the service: in the directory of a development service it " +
		"needs none. The token is a session like any other: the user sees it among their sessions, the audit log has it, and " +
		"`latchkey user sign-out` ends it.\n\n" + examples(
		"latchkey token -u user",
		"latchkey token -u admin --curl",
		"latchkey token -u alice --client web --scope \"profile users:read\" --json",
	)
}

// Run starts a session and prints its access token.
func (c *tokenCommand) Run(ctx context.Context, std stdio) error {
	settings := c.Serve
	settings.Dev = settings.Dev || isDevelopment(settings)
	if err := requireService(settings); err != nil {
		return err
	}
	if err := settings.Resolve(); err != nil {
		return settingsError{err}
	}
	if err := useDevSecret(&settings); err != nil {
		return err
	}
	settings.Issuer = cmp.Or(settings.Issuer, config.StoredDevIssuer(settings.DataDir))
	if settings.Issuer == "" {
		return settingsError{errors.New("LATCHKEY_ISSUER is not set, and no development service has run with this data directory; start one with `latchkey serve --dev`")}
	}
	return withDatabase(ctx, settings.Database, func(ctx context.Context, db database) error {
		user, err := findUserIn(ctx, db, settings.MinPassword, std, c.User)
		if err != nil {
			return err
		}
		tokens, err := openTokens(ctx, settings, db, std)
		if err != nil {
			return err
		}
		got, err := tokens.OperatorToken(ctx, oauth.OperatorRequest{User: user, ClientID: c.Client, Scope: c.Scope})
		if err != nil {
			return explainNotFound(err, "client", c.Client, "client list")
		}
		return c.print(std.out, settings.Issuer, got)
	})
}

// isDevelopment reports whether the data directory is that of a development service and no master secret
// is configured.
func isDevelopment(s config.Serve) bool {
	if _, configured := os.LookupEnv("LATCHKEY_SECRET"); configured || s.SecretFile != "" {
		return false
	}
	return config.HasDevSecret(s.DataDir)
}

// requireService returns an error if neither a development service nor a secret is found and no issuer is set. The errors
// of Resolve are for who sets up a service: they would make the operator generate another secret.
func requireService(s config.Serve) error {
	if s.Dev || s.Issuer != "" {
		return nil
	}
	secret := config.SecretSettings{SecretFile: s.SecretFile}
	if err := secret.Resolve(s.DataDir); err != nil {
		return settingsError{err}
	}
	return nil
}

// openTokens builds the token service for a command.
func openTokens(ctx context.Context, s config.Serve, db database, std stdio) (*oauth.Service, error) {
	log := newTextLog(std.err)
	c := &components{limits: throttle.New(db, deriveAll(s.Secrets, "throttle"), time.Now)}
	var err error
	if c.keys, err = keyring.Open(ctx, db, keyringOptions(s)); err != nil {
		return nil, err
	}
	if c.accounts, err = newAccounts(s, c, db, log); err != nil {
		return nil, err
	}
	return newTokens(s, c, db, log, counters{})
}

func (c *tokenCommand) print(out io.Writer, issuer string, got oauth.TokenResponse) error {
	var err error
	switch {
	case c.JSON:
		err = json.NewEncoder(out).Encode(tokenJSON{ //nolint:gosec // printing the token is the purpose
			AccessToken: got.AccessToken, TokenType: "Bearer", ExpiresIn: int(got.ExpiresIn.Seconds()),
			RefreshToken: got.RefreshToken, RefreshExpiresIn: int(got.RefreshExpiresIn.Seconds()), Scope: got.Scope,
		})
	case c.Curl:
		_, err = fmt.Fprintf(out, "curl -H 'Authorization: Bearer %s' '%s/api/auth/users/me'\n",
			got.AccessToken, strings.ReplaceAll(issuer, "'", "%27"))
	default:
		_, err = fmt.Fprintln(out, got.AccessToken)
	}
	return err
}

// tokenJSON is the response of the token endpoint (RFC 6749 §5.1).
type tokenJSON struct {
	AccessToken      string `json:"access_token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshToken     string `json:"refresh_token,omitempty"`
	RefreshExpiresIn int    `json:"refresh_token_expires_in,omitempty"`
	Scope            string `json:"scope"`
}

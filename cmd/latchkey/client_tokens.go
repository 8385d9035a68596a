package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// This file has the commands for what the access tokens of a client contain and what signs them.

type clientUpdate struct {
	config.Database `embed:"" group:"Database"`

	ID                   string   `arg:"" name:"id" help:"The client_id."`
	Name                 *string  `placeholder:"TEXT" help:"Display name."`
	Scope                []string `placeholder:"SCOPE" help:"Scope that the client may request, instead of those it has. Repeat for several."`
	Audience             []string `placeholder:"URI" help:"The aud claim of its tokens, instead of those it has. Repeat for several."`
	AccessTokenAlgorithm *string  `placeholder:"ALGORITHM" help:"HS256, or empty for the algorithm of the service. Create the shared key with client rotate-token-key first."`
	Claims               string   `placeholder:"FILE" help:"File with extra claims of its access tokens, as a JSON object, instead of those it has; - for standard input. {} removes them."`
}

func (*clientUpdate) Help() string {
	return "Only what you name is changed. It counts from the next access token.\n\n" + examples(
		"latchkey client update my-app --claims claims.json",
		"latchkey client update my-app --audience my-app-abcde --access-token-algorithm HS256",
	)
}

// Run changes the client.
func (c *clientUpdate) Run(ctx context.Context, std stdio) error {
	patch := oauth.ClientPatch{Name: c.Name, TokenAlgorithm: c.AccessTokenAlgorithm}
	if c.Scope != nil {
		patch.Scopes = &c.Scope
	}
	if c.Audience != nil {
		patch.Audiences = &c.Audience
	}
	if c.Claims != "" {
		claims, err := readClaims(std, c.Claims)
		if err != nil {
			return err
		}
		patch.Claims = &claims
	}
	if patch == (oauth.ClientPatch{}) {
		return settingsError{errors.New("name something to change; see `latchkey client update --help`")}
	}
	return withClients(ctx, c.Database, nil, func(ctx context.Context, clients *oauth.ClientRegistry) error {
		_, err := clients.UpdateClient(ctx, oauth.Operator, c.ID, patch)
		if patch.TokenAlgorithm != nil && *patch.TokenAlgorithm == oauth.HS256 {
			err = withHint(err, "/access_token_algorithm", ": run `latchkey client rotate-token-key "+c.ID+"`")
		}
		return explainNotFound(err, "client", c.ID, "client list")
	})
}

const maxClaimsFile = 64 << 10 // bytes; the registry has a lower limit, without white space

// readClaims returns the text of a file, of standard input for "-", or nothing for "".
func readClaims(std stdio, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	in := std.in
	if path != "-" {
		file, err := os.Open(path) //nolint:gosec // the operator names the file
		if err != nil {
			return "", fmt.Errorf("--claims: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxClaimsFile+1))
	if err != nil {
		return "", fmt.Errorf("--claims: %w", err)
	}
	if len(text) > maxClaimsFile {
		return "", fmt.Errorf("--claims: %s has more than %d bytes", path, maxClaimsFile)
	}
	return string(text), nil
}

type clientRotateTokenKey struct {
	secretSettings `embed:""`

	ID    string        `arg:"" name:"id" help:"The client_id."`
	Delay time.Duration `default:"0s" placeholder:"TIME" help:"How long the old key keeps signing, so that the third party can learn the new one. Default: ${default}."`
}

func (*clientRotateTokenKey) Help() string {
	return "Access tokens with HS256 are signed with this key. It is printed once. The first key of a client signs at once; create it before you change the client to HS256.\n\n" +
		examples("latchkey client rotate-token-key realm --delay 1h")
}

// Run creates the new key.
func (c *clientRotateTokenKey) Run(ctx context.Context, std stdio) error {
	if c.Delay < 0 {
		return settingsError{errors.New("--delay must not be negative")}
	}
	return withClientKeys(ctx, &c.secretSettings, func(ctx context.Context, clients *oauth.ClientRegistry) error {
		client, key, err := clients.RotateTokenKey(ctx, oauth.Operator, c.ID, c.Delay)
		if err != nil {
			return explainNotFound(err, "client", c.ID, "client list")
		}
		printTokenKey(std, key)
		if from := client.TokenKeys.NextFrom; !from.IsZero() {
			_, _ = fmt.Fprintf(std.err, "The old key signs until %s.\n", timestamp(from))
		}
		return nil
	})
}

// printTokenKey prints only the key to standard output, so that a script can read it.
func printTokenKey(std stdio, key string) {
	_, _ = fmt.Fprintln(std.out, key)
	_, _ = fmt.Fprintln(std.err, "This is the shared key of its access tokens. Store it now: it is not shown again.")
}

// jsonOrNull returns a JSON text as a value, or nil for an empty one.
func jsonOrNull(text string) any {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type clientCommands struct {
	Create         clientCreate         `cmd:"" help:"Register a client and print its secret"`
	List           clientList           `cmd:"" help:"List clients by id"`
	Update         clientUpdate         `cmd:"" help:"Change what the tokens of a client contain"`
	RotateSecret   clientRotateSecret   `cmd:"" help:"Create and print a new secret for a client"`
	RotateTokenKey clientRotateTokenKey `cmd:"" help:"Create and print a new shared key for the access tokens of a client"`
	Delete         clientDelete         `cmd:"" help:"Delete a client and end its sessions"`
}

// withClients runs work on the clients of the configured database. Without the master secrets it creates no shared keys.
func withClients(ctx context.Context, settings config.Database, secrets [][]byte, work func(context.Context, *oauth.ClientRegistry) error) error {
	return withDatabase(ctx, settings, func(ctx context.Context, db database) error {
		clients, err := openClients(db, secrets)
		if err != nil {
			return err
		}
		return work(ctx, clients)
	})
}

// withClientKeys is withClients for commands that create shared keys, which need the master secret.
func withClientKeys(ctx context.Context, settings *secretSettings, work func(context.Context, *oauth.ClientRegistry) error) error {
	if err := settings.resolveSecrets(); err != nil {
		return err
	}
	return withClients(ctx, settings.Database, settings.Secrets, work)
}

type clientCreate struct {
	secretSettings `embed:""`

	ID         string   `arg:"" name:"id" help:"The client_id: letters, digits, dot, underscore, tilde and hyphen. Not a UUID, which could be the id of a user."`
	Name       string   `placeholder:"TEXT" help:"Display name. Default: the id."`
	Grant      []string `required:"" placeholder:"GRANT" help:"Grant that the client may use: password, refresh_token or client_credentials. Repeat for several."`
	Scope      []string `placeholder:"SCOPE" help:"Scope that the client may request. Repeat for several. Default: all scopes of the user."`
	Audience   []string `placeholder:"URI" help:"The aud claim of its tokens. Repeat for several. Default: the audience of the service."`
	Public     bool     `help:"Register a client that cannot keep a secret, such as a browser or mobile app. It gets no secret."`
	FirstParty bool     `help:"Declare that the client is run by the same people as this service. The password grant requires it."`

	AccessTokenAlgorithm string `placeholder:"ALGORITHM" help:"HS256 for a third party that cannot read public keys: its shared key is printed. Needs the master secret and an audience. Default: the algorithm of the service."`
	Claims               string `placeholder:"FILE" help:"File with extra claims of its access tokens, as a JSON object; - for standard input."`
}

func (*clientCreate) Help() string {
	return "The secret of a confidential client is printed once, and so is the shared key of a client with HS256, on a line of its own. They cannot be shown again.\n\n" + examples(
		"latchkey client create my-app --public --first-party --grant password --grant refresh_token",
		"latchkey client create report-worker --grant client_credentials --scope users:read",
		"latchkey client create realm --public --first-party --grant password --audience my-app --access-token-algorithm HS256 --claims claims.json",
	)
}

// Run registers the client.
func (c *clientCreate) Run(ctx context.Context, std stdio) error {
	claims, err := readClaims(std, c.Claims)
	if err != nil {
		return err
	}
	client := oauth.Client{
		ID: c.ID, Name: cmp.Or(c.Name, c.ID), Public: c.Public, FirstParty: c.FirstParty,
		Grants: c.Grant, Scopes: c.Scope, Audiences: c.Audience, TokenAlgorithm: c.AccessTokenAlgorithm, Claims: claims,
	}
	create := func(ctx context.Context, clients *oauth.ClientRegistry) error {
		_, secrets, err := clients.CreateClient(ctx, oauth.Operator, client)
		if errors.Is(err, fault.ErrAlreadyExists) {
			return fmt.Errorf("client %q already exists; choose another id", c.ID)
		}
		if err == nil && secrets.Secret != "" {
			printClientSecret(std, secrets.Secret)
		}
		if err == nil && secrets.TokenKey != "" {
			printTokenKey(std, secrets.TokenKey)
		}
		return withHint(err, "/first_party", "; add --first-party if the same people run it as this service")
	}
	if client.TokenAlgorithm != "" {
		if err := c.resolveSecrets(); err != nil {
			return err
		}
	}
	if err := createDatabase(ctx, c.Database, std); err != nil {
		return err
	}
	return withClients(ctx, c.Database, c.Secrets, create)
}

// printClientSecret prints only the secret to standard output, so that a script can read it.
func printClientSecret(std stdio, secret string) {
	_, _ = fmt.Fprintln(std.out, secret)
	_, _ = fmt.Fprintln(std.err, "This is the client secret. Store it now: it is not shown again.")
}

type clientList struct {
	config.Database `embed:"" group:"Database"`
	listFormat      `embed:""`
}

func (*clientList) Help() string {
	return examples("latchkey client list", "latchkey client list --json")
}

var clientView = listView[oauth.Client]{
	header: []any{"ID", "NAME", "TYPE", "GRANTS", "SCOPES", "ACTIVE", "SECRETS", "CREATED"},
	cells: func(c oauth.Client) []any {
		kind := "confidential"
		if c.Public {
			kind = "public"
		}
		return []any{c.ID, c.Name, kind, strings.Join(c.Grants, " "), joinOrAll(c.Scopes), c.Active, len(c.Secrets), timestamp(c.CreatedAt)}
	},
	object: func(c oauth.Client) map[string]any {
		return map[string]any{
			"id": c.ID, "name": c.Name, "public": c.Public, "first_party": c.FirstParty,
			"grants": jsonArray(c.Grants), "scopes": jsonArray(c.Scopes), "audiences": jsonArray(c.Audiences),
			"access_token_algorithm": c.TokenAlgorithm, "claims": jsonOrNull(c.Claims),
			"active": c.Active, "secrets": len(c.Secrets), "created_at": c.CreatedAt,
		}
	},
}

// Run lists all clients.
func (c *clientList) Run(ctx context.Context, std stdio) error {
	return withClients(ctx, c.Database, nil, func(ctx context.Context, clients *oauth.ClientRegistry) error {
		return clientView.print(std.out, c.listFormat, allClients(ctx, clients))
	})
}

func allClients(ctx context.Context, clients *oauth.ClientRegistry) iter.Seq2[oauth.Client, error] {
	after := ""
	return pages(func() ([]oauth.Client, bool, error) {
		page, next, err := clients.ListClients(ctx, after, pageSize)
		after = next
		return page, next != "", err
	})
}

type clientRotateSecret struct {
	config.Database `embed:"" group:"Database"`

	ID      string        `arg:"" name:"id" help:"The client_id."`
	Overlap time.Duration `default:"24h" placeholder:"TIME" help:"How long the old secret keeps working. Default: ${default}."`
}

func (*clientRotateSecret) Help() string {
	return "The old secret keeps working for the overlap, so that the client can switch without an outage.\n\n" +
		examples("latchkey client rotate-secret report-worker --overlap 1h")
}

// Run creates the new secret.
func (c *clientRotateSecret) Run(ctx context.Context, std stdio) error {
	if c.Overlap < 0 {
		return settingsError{errors.New("--overlap must not be negative")}
	}
	return withClients(ctx, c.Database, nil, func(ctx context.Context, clients *oauth.ClientRegistry) error {
		_, secret, err := clients.RotateSecret(ctx, oauth.Operator, c.ID, c.Overlap)
		if err != nil {
			return explainNotFound(err, "client", c.ID, "client list")
		}
		printClientSecret(std, secret)
		_, _ = fmt.Fprintf(std.err, "The old secret works until %s.\n", timestamp(time.Now().Add(c.Overlap)))
		return nil
	})
}

type clientDelete struct {
	config.Database `embed:"" group:"Database"`
	confirmation    `embed:""`

	ID string `arg:"" name:"id" help:"The client_id."`
}

func (*clientDelete) Help() string {
	return "Asks for confirmation first.\n\n" + examples("latchkey client delete report-worker", "latchkey client delete report-worker --yes")
}

// Run deletes the client, after a confirmation.
func (c *clientDelete) Run(ctx context.Context, std stdio) error {
	return withClients(ctx, c.Database, nil, func(ctx context.Context, clients *oauth.ClientRegistry) error {
		client, err := clients.Client(ctx, c.ID)
		if err != nil {
			return explainNotFound(err, "client", c.ID, "client list")
		}
		if err := c.confirm(std, fmt.Sprintf("Permanently delete client %s (%s) and end its sessions?", client.ID, client.Name)); err != nil {
			return err
		}
		return explainNotFound(clients.DeleteClient(ctx, oauth.Operator, c.ID), "client", c.ID, "client list")
	})
}

package main

import (
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
	Create       clientCreate       `cmd:"" help:"Register a client and print its secret"`
	List         clientList         `cmd:"" help:"List clients by id"`
	RotateSecret clientRotateSecret `cmd:"" help:"Create and print a new secret for a client"`
	Delete       clientDelete       `cmd:"" help:"Delete a client and end its sessions"`
}

// withClients runs work on the clients of the configured database.
func withClients(ctx context.Context, settings config.Database, work func(context.Context, *oauth.ClientRegistry) error) error {
	return withDatabase(ctx, settings, func(ctx context.Context, db database) error {
		clients, err := openClients(db)
		if err != nil {
			return err
		}
		return work(ctx, clients)
	})
}

type clientCreate struct {
	config.Database `embed:"" group:"Database"`

	ID         string   `arg:"" name:"id" help:"The client_id: letters, digits, dot, underscore, tilde and hyphen."`
	Name       string   `placeholder:"TEXT" help:"Display name. Default: the id."`
	Grant      []string `required:"" placeholder:"GRANT" help:"Grant that the client may use: password, refresh_token or client_credentials. Repeat for several."`
	Scope      []string `placeholder:"SCOPE" help:"Scope that the client may request. Repeat for several. Default: all scopes of the user."`
	Audience   []string `placeholder:"URI" help:"The aud claim of its tokens. Repeat for several. Default: the audience of the service."`
	Public     bool     `help:"Register a client that cannot keep a secret, such as a browser or mobile app. It gets no secret."`
	FirstParty bool     `help:"Declare that the client is run by the same people as this service. The password grant requires it."`
}

func (*clientCreate) Help() string {
	return "The secret of a confidential client is printed once. It cannot be shown again.\n\n" + examples(
		"latchkey client create my-app --public --first-party --grant password --grant refresh_token",
		"latchkey client create report-worker --grant client_credentials --scope users:read",
	)
}

// Run registers the client.
func (c *clientCreate) Run(ctx context.Context, std stdio) error {
	name := c.Name
	if name == "" {
		name = c.ID
	}
	return withClients(ctx, c.Database, func(ctx context.Context, clients *oauth.ClientRegistry) error {
		_, secret, err := clients.CreateClient(ctx, oauth.Operator, oauth.Client{
			ID: c.ID, Name: name, Public: c.Public, FirstParty: c.FirstParty,
			Grants: c.Grant, Scopes: c.Scope, Audiences: c.Audience,
		})
		if errors.Is(err, fault.ErrAlreadyExists) {
			return fmt.Errorf("client %q already exists; choose another id", c.ID)
		}
		if err == nil && secret != "" {
			printClientSecret(std, secret)
		}
		return err
	})
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
			"active": c.Active, "secrets": len(c.Secrets), "created_at": c.CreatedAt,
		}
	},
}

// Run lists all clients.
func (c *clientList) Run(ctx context.Context, std stdio) error {
	return withClients(ctx, c.Database, func(ctx context.Context, clients *oauth.ClientRegistry) error {
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
	return withClients(ctx, c.Database, func(ctx context.Context, clients *oauth.ClientRegistry) error {
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

	ID string `arg:"" name:"id" help:"The client_id."`
}

func (*clientDelete) Help() string { return examples("latchkey client delete report-worker") }

// Run deletes the client.
func (c *clientDelete) Run(ctx context.Context, _ stdio) error {
	return withClients(ctx, c.Database, func(ctx context.Context, clients *oauth.ClientRegistry) error {
		return explainNotFound(clients.DeleteClient(ctx, c.ID), "client", c.ID, "client list")
	})
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type clientCommands struct {
	Create       clientCreate       `cmd:"" help:"Register a client. Its secret is printed once and not kept."`
	List         clientList         `cmd:"" help:"List the registered clients by id."`
	RotateSecret clientRotateSecret `cmd:"" help:"Make a new secret for a client, and print it. The old one works for some time."`
	Delete       clientDelete       `cmd:"" help:"Delete a client, with its sessions."`
}

// withClients runs a command on the clients of the configured database, with the authority of
// whoever has the database.
func withClients(ctx context.Context, settings config.Database, work func(context.Context, *oauth.Service) error) error {
	return withDatabase(ctx, settings, func(db database) error {
		service := oauth.New(oauth.Options{Clients: db, Sessions: db, Events: db, Now: time.Now})
		return said(work(audit.With(ctx, audit.Operator), service))
	})
}

type clientCreate struct {
	config.Database `embed:""`

	ID         string   `arg:"" name:"id" help:"The client_id: letters, digits, dot, underscore, tilde and hyphen."`
	Name       string   `placeholder:"TEXT" help:"The name to show. Default: the id."`
	Grant      []string `required:"" placeholder:"GRANT" help:"A grant that it may use: password, refresh_token or client_credentials; may be given more than once."`
	Scope      []string `placeholder:"SCOPE" help:"A scope that it may ask for; may be given more than once. Default: all that the user has."`
	Audience   []string `placeholder:"URI" help:"Whom its tokens are for; may be given more than once. Default: as the service's."`
	Public     bool     `help:"It cannot keep a secret, as a browser or a phone, and gets none."`
	FirstParty bool     `help:"It is run by the same people as this service; the password grant needs it."`
}

// Run registers the client.
func (c *clientCreate) Run(ctx context.Context, io streams) error {
	name := c.Name
	if name == "" {
		name = c.ID
	}
	return withClients(ctx, c.Database, func(ctx context.Context, service *oauth.Service) error {
		_, secret, err := service.CreateClient(ctx, oauth.Operator, oauth.Client{
			ID: c.ID, Name: name, Public: c.Public, FirstParty: c.FirstParty,
			Grants: c.Grant, Scopes: c.Scope, Audiences: c.Audience,
		})
		if errors.Is(err, oauth.ErrExists) {
			return fmt.Errorf("there is a client %q already", c.ID)
		}
		if err == nil && secret != "" {
			showSecret(io, secret)
		}
		return err
	})
}

// showSecret prints the secret alone, so that a script can take it from standard output.
func showSecret(io streams, secret string) {
	_, _ = fmt.Fprintln(io.out, secret)
	_, _ = fmt.Fprintln(io.err, "This is the client's secret. Keep it now: it is not shown again.")
}

type clientList struct {
	config.Database `embed:""`

	JSON bool `name:"json" help:"One JSON object a line, for scripts."`
}

// Run lists all clients, a page at a time.
func (c *clientList) Run(ctx context.Context, io streams) error {
	return withClients(ctx, c.Database, func(ctx context.Context, service *oauth.Service) error {
		table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		if !c.JSON {
			_, _ = fmt.Fprintln(table, "ID\tNAME\tTYPE\tGRANTS\tSCOPES\tACTIVE\tSECRETS\tCREATED")
		}
		after := ""
		for {
			page, err := service.ListClients(ctx, after, listPage)
			if err != nil {
				return err
			}
			for _, client := range page {
				if err := c.print(io.out, table, client); err != nil {
					return err
				}
				after = client.ID
			}
			if len(page) < listPage {
				return table.Flush()
			}
		}
	})
}

func (c *clientList) print(out, table io.Writer, client oauth.Client) error {
	if c.JSON {
		return json.NewEncoder(out).Encode(map[string]any{
			"id": client.ID, "name": client.Name, "public": client.Public, "first_party": client.FirstParty,
			"grants": list(client.Grants), "scopes": list(client.Scopes), "audiences": list(client.Audiences),
			"active": client.Active, "secrets": len(client.Secrets), "created_at": client.CreatedAt,
		})
	}
	kind := "confidential"
	if client.Public {
		kind = "public"
	}
	scopes := strings.Join(client.Scopes, " ")
	if scopes == "" {
		scopes = "all"
	}
	_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%v\t%d\t%s\n", client.ID, client.Name, kind,
		strings.Join(client.Grants, " "), scopes, client.Active, len(client.Secrets), stamp(client.CreatedAt))
	return err
}

// list is an array in JSON even where there is nothing.
func list(all []string) []string { return append([]string{}, all...) }

type clientRotateSecret struct {
	config.Database `embed:""`

	ID      string        `arg:"" name:"id" help:"The client_id."`
	Overlap time.Duration `default:"24h" placeholder:"TIME" help:"How long the old secret works beside the new one. Default: ${default}."`
}

// Run makes the new secret.
func (c *clientRotateSecret) Run(ctx context.Context, io streams) error {
	if c.Overlap < 0 {
		return settingsError{errors.New("--overlap: a time cannot be negative")}
	}
	return withClients(ctx, c.Database, func(ctx context.Context, service *oauth.Service) error {
		_, secret, err := service.RotateSecret(ctx, oauth.Operator, c.ID, c.Overlap)
		if err != nil {
			return unknownClient(err, c.ID)
		}
		showSecret(io, secret)
		_, _ = fmt.Fprintf(io.err, "The old one works until %s.\n", stamp(time.Now().Add(c.Overlap)))
		return nil
	})
}

type clientDelete struct {
	config.Database `embed:""`

	ID string `arg:"" name:"id" help:"The client_id."`
}

// Run deletes the client.
func (c *clientDelete) Run(ctx context.Context, _ streams) error {
	return withClients(ctx, c.Database, func(ctx context.Context, service *oauth.Service) error {
		return unknownClient(service.DeleteClient(ctx, c.ID), c.ID)
	})
}

func unknownClient(err error, id string) error {
	if errors.Is(err, account.ErrNotFound) {
		return fmt.Errorf("there is no client %q; `latchkey client list` shows all", id)
	}
	return err
}

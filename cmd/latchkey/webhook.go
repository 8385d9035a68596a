package main

import (
	"context"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/hook"
)

type hookCommands struct {
	Create     hookCreate     `cmd:"" help:"Register a webhook and print its signing secret"`
	Secret     hookSecret     `cmd:"" help:"Print the signing secret of a webhook"`
	List       hookList       `cmd:"" help:"List webhooks, oldest first"`
	Delete     hookDelete     `cmd:"" help:"Delete a webhook and its delivery log"`
	Deliveries hookDeliveries `cmd:"" help:"List the deliveries of a webhook, newest first"`
	Replay     hookReplay     `cmd:"" help:"Send a delivery again"`
}

// withHooks runs work on the webhooks of the configured database.
func withHooks(ctx context.Context, settings config.Database, work func(context.Context, hookAdmin) error) error {
	return withDatabase(ctx, settings, func(ctx context.Context, db database) error { return work(ctx, openHooks(db)) })
}

type hookCreate struct {
	secretSettings  `embed:""`
	config.Webhooks `embed:""`

	URL   string   `arg:"" name:"url" help:"URL to call: https, or http on this machine."`
	Event []string `placeholder:"EVENT" help:"Event to send, for example user.registered. Repeat for several. Default: all events."`
}

func (*hookCreate) Help() string {
	return "The secret verifies the signature of every call.\n\n" +
		examples("latchkey hook create https://example.com/hook --event user.registered --event user.deleted")
}

// Run creates the webhook and prints its secret.
func (c *hookCreate) Run(ctx context.Context, std stdio) error {
	networks, err := c.WebhookNetworks()
	if err != nil {
		return settingsError{err}
	}
	events := make([]audit.Action, len(c.Event))
	for i, event := range c.Event {
		events[i] = audit.Action(event)
	}
	return c.withSecrets(ctx, func(ctx context.Context, db database) error {
		h, secret, err := newHooks(db, c.Secrets, networks).Create(ctx, c.URL, events)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(std.out, secret)
		_, _ = fmt.Fprintf(std.err, "This is the secret of webhook %s.\n", h.ID)
		return nil
	})
}

type hookSecret struct {
	secretSettings `embed:""`

	ID string `arg:"" name:"id" help:"Id of the webhook, as shown by hook list."`
}

func (*hookSecret) Help() string {
	return "The secret is derived from the master secret and changes with it.\n\n" + examples("latchkey hook secret ID")
}

// Run prints only the secret, so that a script can read it.
func (c *hookSecret) Run(ctx context.Context, std stdio) error {
	return c.withSecrets(ctx, func(ctx context.Context, db database) error {
		secret, err := newHooks(db, c.Secrets, nil).Secret(ctx, c.ID)
		if err == nil {
			_, _ = fmt.Fprintln(std.out, secret)
		}
		return hookNotFound(err, c.ID)
	})
}

func hookNotFound(err error, id string) error {
	return explainNotFound(err, "webhook", id, "hook list")
}

type hookList struct {
	config.Database `embed:"" group:"Database"`
	listFormat      `embed:""`
}

func (*hookList) Help() string { return examples("latchkey hook list") }

var hookView = listView[hook.Hook]{
	header: []any{"ID", "URL", "EVENTS", "ACTIVE", "CREATED"},
	cells: func(h hook.Hook) []any {
		return []any{h.ID, h.URL, joinOrAll(actionNames(h.Events)), h.Active, timestamp(h.CreatedAt)}
	},
	object: func(h hook.Hook) map[string]any {
		return map[string]any{"id": h.ID, "url": h.URL, "events": actionNames(h.Events), "active": h.Active, "created_at": h.CreatedAt}
	},
}

func actionNames(actions []audit.Action) []string {
	names := make([]string, len(actions))
	for i, action := range actions {
		names[i] = string(action)
	}
	return names
}

// Run lists the webhooks.
func (c *hookList) Run(ctx context.Context, std stdio) error {
	return withHooks(ctx, c.Database, func(ctx context.Context, hooks hookAdmin) error {
		return hookView.print(std.out, c.listFormat, sequence(hooks.List(ctx)))
	})
}

type hookDelete struct {
	config.Database `embed:"" group:"Database"`
	confirmation    `embed:""`

	ID string `arg:"" name:"id" help:"Id of the webhook, as shown by hook list."`
}

func (*hookDelete) Help() string {
	return "Asks for confirmation first.\n\n" + examples("latchkey hook delete ID", "latchkey hook delete ID --yes")
}

// Run deletes the webhook, after a confirmation.
func (c *hookDelete) Run(ctx context.Context, std stdio) error {
	return withHooks(ctx, c.Database, func(ctx context.Context, hooks hookAdmin) error {
		h, err := hooks.Get(ctx, c.ID)
		if err != nil {
			return hookNotFound(err, c.ID)
		}
		if err := c.confirm(std, fmt.Sprintf("Permanently delete webhook %s to %s and its delivery log?", h.ID, h.URL)); err != nil {
			return err
		}
		return hookNotFound(hooks.Delete(ctx, c.ID), c.ID)
	})
}

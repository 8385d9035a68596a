package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/hook"
)

type hookCommands struct {
	Create     hookCreate     `cmd:"" help:"Tell an address of events by signed webhooks. The secret is printed."`
	Secret     hookSecret     `cmd:"" help:"Print a hook's secret, which changes with the master secret."`
	List       hookList       `cmd:"" help:"List the hooks, oldest first."`
	Delete     hookDelete     `cmd:"" help:"Delete a hook, with its log of deliveries."`
	Deliveries hookDeliveries `cmd:"" help:"List what a hook was told of, newest first."`
	Replay     hookReplay     `cmd:"" help:"Send a delivery again. The service does it at its next turn."`
}

// withHooks runs a command on the hooks of the configured database. Without secrets they can be
// administered, not called.
func withHooks(ctx context.Context, settings config.Database, work func(context.Context, *hook.Service) error) error {
	return withDatabase(ctx, settings, func(db database) error {
		return said(work(audit.With(ctx, audit.Operator), newHooks(db, nil)))
	})
}

type hookCreate struct {
	keySettings `embed:""`

	URL   string   `arg:"" name:"url" help:"Where to; https, or http on this machine."`
	Event []string `placeholder:"EVENT" help:"An event to be told of, as in user.registered; may be given more than once. Default: all."`
}

// Run makes the hook and prints its secret.
func (c *hookCreate) Run(ctx context.Context, io streams) error {
	if err := c.Secrets.Resolve(c.DataDir); err != nil {
		return settingsError{err}
	}
	events := make([]audit.Action, len(c.Event))
	for i, event := range c.Event {
		events[i] = audit.Action(event)
	}
	return withDatabase(ctx, c.Database, func(db database) error {
		hooks := newHooks(db, c.Secrets.Secrets)
		h, secret, err := hooks.Create(audit.With(ctx, audit.Operator), c.URL, events)
		if err != nil {
			return said(err)
		}
		_, _ = fmt.Fprintln(io.out, secret)
		_, _ = fmt.Fprintf(io.err, "This is the secret of hook %s.\n", h.ID)
		return nil
	})
}

type hookSecret struct {
	keySettings `embed:""`

	ID string `arg:"" name:"id" help:"The hook's id; see hook list."`
}

// Run prints the secret alone, so that a script can take it.
func (c *hookSecret) Run(ctx context.Context, io streams) error {
	if err := c.Secrets.Resolve(c.DataDir); err != nil {
		return settingsError{err}
	}
	return withDatabase(ctx, c.Database, func(db database) error {
		secret, err := newHooks(db, c.Secrets.Secrets).Secret(ctx, c.ID)
		if errors.Is(err, account.ErrNotFound) {
			return fmt.Errorf("there is no hook %q; `latchkey hook list` shows all", c.ID)
		}
		if err == nil {
			_, _ = fmt.Fprintln(io.out, secret)
		}
		return err
	})
}

type hookList struct {
	config.Database `embed:""`

	JSON bool `name:"json" help:"One JSON object a line, for scripts."`
}

// Run lists the hooks.
func (c *hookList) Run(ctx context.Context, io streams) error {
	return withHooks(ctx, c.Database, func(ctx context.Context, hooks *hook.Service) error {
		all, err := hooks.List(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		if !c.JSON {
			_, _ = fmt.Fprintln(table, "ID\tURL\tEVENTS\tACTIVE\tCREATED")
		}
		for _, h := range all {
			events := make([]string, len(h.Events))
			for i, event := range h.Events {
				events[i] = string(event)
			}
			if c.JSON {
				err = json.NewEncoder(io.out).Encode(map[string]any{
					"id": h.ID, "url": h.URL, "events": events, "active": h.Active, "created_at": h.CreatedAt,
				})
			} else {
				_, err = fmt.Fprintf(table, "%s\t%s\t%s\t%v\t%s\n", h.ID, h.URL, orAll(events), h.Active, stamp(h.CreatedAt))
			}
			if err != nil {
				return err
			}
		}
		return table.Flush()
	})
}

func orAll(events []string) string {
	if len(events) == 0 {
		return "all"
	}
	return strings.Join(events, " ")
}

type hookDelete struct {
	config.Database `embed:""`

	ID string `arg:"" name:"id" help:"The hook's id."`
}

// Run deletes the hook.
func (c *hookDelete) Run(ctx context.Context) error {
	return withHooks(ctx, c.Database, func(ctx context.Context, hooks *hook.Service) error {
		return unknownHook(hooks.Delete(ctx, c.ID), c.ID)
	})
}

type hookDeliveries struct {
	config.Database `embed:""`

	ID    string `arg:"" name:"id" help:"The hook's id."`
	Limit int    `default:"100" placeholder:"N" help:"How many at most. Default: ${default}."`
	JSON  bool   `name:"json" help:"One JSON object a line, for scripts."`
}

// Run lists the deliveries of a hook.
func (c *hookDeliveries) Run(ctx context.Context, io streams) error {
	if c.Limit < 1 {
		return settingsError{errors.New("--limit: a list has at least one line")}
	}
	return withHooks(ctx, c.Database, func(ctx context.Context, hooks *hook.Service) error {
		all, err := hooks.Deliveries(ctx, c.ID, c.Limit)
		if err != nil {
			return unknownHook(err, c.ID)
		}
		table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		if !c.JSON {
			_, _ = fmt.Fprintln(table, "ID\tEVENT\tSTATUS\tATTEMPTS\tANSWER\tCREATED\tTRIED\tERROR")
		}
		for _, d := range all {
			if c.JSON {
				err = json.NewEncoder(io.out).Encode(map[string]any{
					"id": d.ID, "hook_id": d.HookID, "event": d.Event, "status": d.Status, "attempts": d.Attempts,
					"response": d.Response, "error": d.Error, "created_at": d.CreatedAt, "tried_at": d.TriedAt,
				})
			} else {
				_, err = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", d.ID, d.Event, d.Status,
					d.Attempts, d.Response, stamp(d.CreatedAt), stamp(d.TriedAt), d.Error)
			}
			if err != nil {
				return err
			}
		}
		return table.Flush()
	})
}

type hookReplay struct {
	config.Database `embed:""`

	Delivery string `arg:"" name:"delivery" help:"The delivery's id, from hook deliveries."`
}

// Run orders the delivery again.
func (c *hookReplay) Run(ctx context.Context) error {
	return withHooks(ctx, c.Database, func(ctx context.Context, hooks *hook.Service) error {
		err := hooks.Replay(ctx, c.Delivery)
		if errors.Is(err, account.ErrNotFound) {
			return fmt.Errorf("there is no delivery %q; `latchkey hook deliveries` shows those of a hook", c.Delivery)
		}
		return err
	})
}

func unknownHook(err error, id string) error {
	if errors.Is(err, account.ErrNotFound) {
		return fmt.Errorf("there is no hook %q; `latchkey hook list` shows all", id)
	}
	return err
}

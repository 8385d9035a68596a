package main

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/hook"
)

type hookDeliveries struct {
	config.Database `embed:"" group:"Database"`
	listFormat      `embed:""`

	ID    string `arg:"" name:"id" help:"Id of the webhook, as shown by hook list."`
	Limit int    `default:"100" placeholder:"N" help:"Maximum number of deliveries. Default: ${default}."`
}

func (*hookDeliveries) Help() string {
	return "Deliveries are kept for 30 days.\n\n" + examples("latchkey hook deliveries ID --limit 10")
}

var deliveryView = listView[hook.Delivery]{
	header: []any{"ID", "EVENT", "STATUS", "ATTEMPTS", "ANSWER", "CREATED", "TRIED", "ERROR"},
	cells: func(d hook.Delivery) []any {
		return []any{d.ID, d.Event, d.Status, d.Attempts, d.Response, timestamp(d.CreatedAt), timestamp(d.TriedAt), d.Error}
	},
	object: func(d hook.Delivery) map[string]any {
		return map[string]any{
			"id": d.ID, "hook_id": d.HookID, "event": d.Event, "status": d.Status, "attempts": d.Attempts,
			"response": d.Response, "error": d.Error, "created_at": d.CreatedAt, "tried_at": d.TriedAt,
		}
	},
}

// Run lists the deliveries of a webhook.
func (c *hookDeliveries) Run(ctx context.Context, std stdio) error {
	if c.Limit < 1 {
		return settingsError{errors.New("--limit must be at least 1")}
	}
	return withHooks(ctx, c.Database, func(ctx context.Context, hooks hookAdmin) error {
		deliveries, err := hooks.Deliveries(ctx, c.ID, c.Limit)
		if err != nil {
			return hookNotFound(err, c.ID)
		}
		return deliveryView.print(std.out, c.listFormat, sequence(deliveries, nil))
	})
}

type hookReplay struct {
	config.Database `embed:"" group:"Database"`

	Delivery string `arg:"" name:"delivery" help:"Id of the delivery, as shown by hook deliveries."`
}

func (*hookReplay) Help() string {
	return "The running service sends the delivery within seconds.\n\n" + examples("latchkey hook replay DELIVERY")
}

// Run queues the delivery again.
func (c *hookReplay) Run(ctx context.Context) error {
	return withHooks(ctx, c.Database, func(ctx context.Context, hooks hookAdmin) error {
		return explainNotFound(hooks.Replay(ctx, c.Delivery), "delivery", c.Delivery, "hook deliveries WEBHOOK")
	})
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/config"
)

type auditCommand struct {
	config.Database `embed:""`

	User   string `placeholder:"NAME" help:"Only what this user did or what was done to him: username or e-mail address."`
	Action string `placeholder:"ACTION" help:"Only this action, as in user.signed_in."`
	Failed bool   `help:"Only what failed."`
	Limit  int    `default:"100" placeholder:"N" help:"How many at most, 0 for all. Default: ${default}."`
	JSON   bool   `name:"json" help:"One JSON object a line, for scripts."`
}

// Run lists audit events, newest first.
func (c *auditCommand) Run(ctx context.Context, io streams) error {
	return withAccounts(ctx, c.Database, io, func(ctx context.Context, accounts *account.Service) error {
		q := audit.Query{Action: audit.Action(c.Action)}
		if c.Failed {
			q.Outcome = audit.Failure
		}
		if c.User != "" {
			u, err := accounts.ByLogin(ctx, c.User)
			if err != nil {
				return unknownUser(err, c.User)
			}
			q.UserID = u.ID
		}
		table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		if !c.JSON {
			_, _ = fmt.Fprintln(table, "AT\tACTION\tOUTCOME\tREASON\tACTOR\tTARGET\tADDRESS\tREQUEST")
		}
		err := c.list(ctx, accounts, q, func(e audit.Event) error { return c.print(io.out, table, e) })
		return errors.Join(err, table.Flush())
	})
}

// list gives the events that are asked for, a page at a time.
func (c *auditCommand) list(ctx context.Context, accounts *account.Service, q audit.Query, each func(audit.Event) error) error {
	for left := c.Limit; c.Limit == 0 || left > 0; left -= q.Limit {
		if q.Limit = listPage; c.Limit > 0 {
			q.Limit = min(left, listPage)
		}
		page, next, err := accounts.Events(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := each(e); err != nil {
				return err
			}
		}
		if next == nil {
			return nil
		}
		q.Before = *next
	}
	return nil
}

func (c *auditCommand) print(out, table io.Writer, e audit.Event) error {
	if c.JSON {
		return json.NewEncoder(out).Encode(map[string]any{
			"id": e.ID, "at": e.At, "action": e.Action, "outcome": e.Outcome, "reason": e.Reason, "actor": e.Actor,
			"actor_id": e.ActorID, "client_id": e.ClientID, "target": e.Target, "target_id": e.TargetID,
			"address": e.Address, "user_agent": e.UserAgent, "request_id": e.RequestID,
		})
	}
	target := e.Target
	if target == "" {
		target = e.TargetID
	}
	_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.At.Format(time.RFC3339), e.Action, e.Outcome,
		e.Reason, e.Actor, target, e.Address, e.RequestID)
	return err
}

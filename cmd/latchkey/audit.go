package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/config"
)

type auditCommand struct {
	config.Database `embed:"" group:"Database"`
	listFormat      `embed:""`

	User   string `placeholder:"NAME" help:"Only events that this user caused or was the target of. NAME is a username or an email address."`
	Action string `placeholder:"ACTION" help:"Only events of this action, for example user.signed_in."`
	Failed bool   `help:"Only failures."`
	Limit  int    `default:"100" placeholder:"N" help:"Maximum number of events, 0 for all. Default: ${default}."`
}

func (*auditCommand) Help() string {
	return examples("latchkey audit --user alice --limit 20", "latchkey audit --failed --json")
}

var eventView = listView[audit.Event]{
	header: []any{"AT", "ACTION", "OUTCOME", "REASON", "ACTOR", "TARGET", "ADDRESS", "REQUEST"},
	cells: func(e audit.Event) []any {
		target := cmp.Or(e.Target, e.TargetID)
		return []any{timestamp(e.At), e.Action, e.Outcome, orHyphen(e.Reason), orHyphen(e.Actor), orHyphen(target), orHyphen(e.Address), orHyphen(e.RequestID)}
	},
	object: func(e audit.Event) map[string]any {
		return map[string]any{
			"id": e.ID, "at": e.At, "action": e.Action, "outcome": e.Outcome, "reason": e.Reason, "actor": e.Actor,
			"actor_id": e.ActorID, "client_id": e.ClientID, "target": e.Target, "target_id": e.TargetID,
			"address": e.Address, "user_agent": e.UserAgent, "request_id": e.RequestID,
		}
	},
}

// Run lists the matching audit events.
func (c *auditCommand) Run(ctx context.Context, std stdio) error {
	if c.Limit < 0 {
		return settingsError{errors.New("--limit must not be negative")}
	}
	if action := audit.Action(c.Action); action != "" && !slices.Contains(audit.Actions, action) {
		return settingsError{fmt.Errorf("--action: %q is not an action; the actions are %s", c.Action, strings.Join(actionNames(audit.Actions), ", "))}
	}
	return withDatabase(ctx, c.Database, func(ctx context.Context, db database) error {
		query := audit.Query{Action: audit.Action(c.Action)}
		if c.Failed {
			query.Outcome = audit.Failure
		}
		if c.User != "" {
			u, err := findUserIn(ctx, db, c.MinPassword, std, c.User)
			if err != nil {
				return err
			}
			query.UserID = u.ID
		}
		log, err := audit.NewLog(db, time.Now)
		if err != nil {
			return err
		}
		return eventView.print(std.out, c.listFormat, events(ctx, log, query, c.Limit))
	})
}

// events returns at most limit events that match the query, or all if limit is 0.
func events(ctx context.Context, log *audit.Log, query audit.Query, limit int) iter.Seq2[audit.Event, error] {
	remaining := limit
	return pages(func() ([]audit.Event, bool, error) {
		query.Limit = pageSize
		if limit > 0 {
			query.Limit = min(remaining, pageSize)
			remaining -= query.Limit
		}
		page, next, err := log.Page(ctx, query)
		if next != nil {
			query.Before = *next
		}
		return page, next != nil && (limit == 0 || remaining > 0), err
	})
}

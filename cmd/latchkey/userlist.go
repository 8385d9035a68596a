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
	"github.com/latchkey-auth/latchkey/internal/config"
)

type userList struct {
	config.Database `embed:""`

	Prefix   string `arg:"" optional:"" help:"Only users whose username or address begins so."`
	Role     string `placeholder:"ROLE" help:"Only users with this role."`
	Disabled bool   `help:"Only users who may not sign in."`
	JSON     bool   `name:"json" help:"One JSON object a line, for scripts."`
}

const listPage = 500 // rows read at a time

// Run lists users, a page at a time.
func (c *userList) Run(ctx context.Context, io streams) error {
	return withAccounts(ctx, c.Database, io, func(ctx context.Context, accounts *account.Service) error {
		table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		if !c.JSON {
			_, _ = fmt.Fprintln(table, "USERNAME\tEMAIL\tVERIFIED\tROLES\tACTIVE\tCREATED\tID")
		}
		err := c.each(ctx, accounts, func(u account.User) error { return c.print(io.out, table, u) })
		return errors.Join(err, table.Flush())
	})
}

func (c *userList) each(ctx context.Context, accounts *account.Service, show func(account.User) error) error {
	q := account.Query{Prefix: c.Prefix, Role: c.Role, Limit: listPage}
	if c.Disabled {
		q.Active = new(bool)
	}
	for {
		page, next, err := accounts.List(ctx, q)
		if err != nil {
			return err
		}
		for _, u := range page {
			if err := show(u); err != nil {
				return err
			}
		}
		if next == nil {
			return nil
		}
		q.After = *next
	}
}

func (c *userList) print(out, table io.Writer, u account.User) error {
	active := u.ActiveAt(time.Now())
	if !c.JSON {
		_, err := fmt.Fprintf(table, "%s\t%s\t%v\t%s\t%v\t%s\t%s\n", u.Username, u.Email, u.EmailVerified,
			strings.Join(u.Roles, " "), active, u.CreatedAt.Format(time.RFC3339), u.ID)
		return err
	}
	shown := map[string]any{
		"id": u.ID, "username": u.Username, "email": u.Email, "email_verified": u.EmailVerified,
		"active": active, "name": u.Name, "picture": u.Picture, "roles": u.Roles,
		"created_at": u.CreatedAt, "updated_at": u.UpdatedAt,
	}
	if !active && !u.DisabledUntil.IsZero() {
		shown["disabled_until"] = u.DisabledUntil
	}
	return json.NewEncoder(out).Encode(shown)
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type roleCommands struct {
	List   roleList   `cmd:"" help:"List the roles and the scopes they carry."`
	Put    rolePut    `cmd:"" help:"Create a role, or change its scopes."`
	Delete roleDelete `cmd:"" help:"Delete a role, and take it from all users."`
}

type roleList struct {
	config.Database `embed:""`

	JSON bool `name:"json" help:"One JSON object a line, for scripts."`
}

// Run lists all roles by name.
func (c *roleList) Run(ctx context.Context, io streams) error {
	return withAccounts(ctx, c.Database, io, func(ctx context.Context, accounts *account.Service) error {
		roles, err := accounts.Roles(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		if !c.JSON {
			_, _ = fmt.Fprintln(table, "NAME\tSCOPES\tBUILT IN")
		}
		for _, role := range roles {
			if c.JSON {
				err = json.NewEncoder(io.out).Encode(map[string]any{"name": role.Name, "scopes": role.Scopes, "builtin": role.Builtin})
			} else {
				_, err = fmt.Fprintf(table, "%s\t%s\t%v\n", role.Name, strings.Join(role.Scopes, " "), role.Builtin)
			}
			if err != nil {
				return err
			}
		}
		return table.Flush()
	})
}

type rolePut struct {
	config.Database `embed:""`

	Name  string   `arg:"" help:"The role, as in ROLE_EDITOR."`
	Scope []string `placeholder:"SCOPE" help:"A scope that it carries; may be given more than once."`
}

// Run creates the role or changes its scopes.
func (c *rolePut) Run(ctx context.Context, io streams) error {
	return withAccounts(ctx, c.Database, io, func(ctx context.Context, accounts *account.Service) error {
		_, err := accounts.PutRole(ctx, oauth.Operator, c.Name, c.Scope)
		return err
	})
}

type roleDelete struct {
	config.Database `embed:""`

	Name string `arg:"" help:"The role."`
}

// Run deletes the role.
func (c *roleDelete) Run(ctx context.Context, io streams) error {
	return withAccounts(ctx, c.Database, io, func(ctx context.Context, accounts *account.Service) error {
		return accounts.DeleteRole(ctx, c.Name)
	})
}

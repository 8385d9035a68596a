package main

import (
	"context"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

type roleCommands struct {
	List   roleList   `cmd:"" help:"List roles and their scopes"`
	Put    rolePut    `cmd:"" help:"Create a role or replace its scopes"`
	Delete roleDelete `cmd:"" help:"Delete a role and remove it from all users"`
}

type roleList struct {
	config.Database `embed:"" group:"Database"`
	listFormat      `embed:""`
}

func (*roleList) Help() string { return examples("latchkey role list") }

var roleView = listView[account.Role]{
	header: []any{"NAME", "SCOPES", "BUILT IN"},
	cells: func(r account.Role) []any {
		return []any{r.Name, scope.Join(r.Scopes), r.Builtin}
	},
	object: func(r account.Role) map[string]any {
		return map[string]any{"name": r.Name, "scopes": r.Scopes, "builtin": r.Builtin}
	},
}

// Run lists all roles by name.
func (c *roleList) Run(ctx context.Context, std stdio) error {
	return withAccounts(ctx, c.Database, std, func(ctx context.Context, accounts *account.Directory) error {
		return roleView.print(std.out, c.listFormat, sequence(accounts.Roles(ctx)))
	})
}

type rolePut struct {
	config.Database `embed:"" group:"Database"`

	Name  string   `arg:"" help:"Name of the role, for example ROLE_EDITOR."`
	Scope []string `placeholder:"SCOPE" help:"Scope that the role grants. Repeat for several. Default: none."`
}

func (*rolePut) Help() string {
	return examples("latchkey role put ROLE_EDITOR --scope articles:read --scope articles:write")
}

// Run creates the role or replaces its scopes.
func (c *rolePut) Run(ctx context.Context, std stdio) error {
	if err := createDatabase(ctx, c.Database, std); err != nil {
		return err
	}
	return withAccounts(ctx, c.Database, std, func(ctx context.Context, accounts *account.Directory) error {
		_, err := accounts.PutRole(ctx, oauth.Operator, c.Name, c.Scope)
		return err
	})
}

type roleDelete struct {
	config.Database `embed:"" group:"Database"`
	confirmation    `embed:""`

	Name string `arg:"" help:"Name of the role."`
}

func (*roleDelete) Help() string {
	return "Asks for confirmation first.\n\n" + examples("latchkey role delete ROLE_EDITOR", "latchkey role delete ROLE_EDITOR --yes")
}

// Run deletes the role, after a confirmation.
func (c *roleDelete) Run(ctx context.Context, std stdio) error {
	return withAccounts(ctx, c.Database, std, func(ctx context.Context, accounts *account.Directory) error {
		role, err := accounts.Role(ctx, c.Name)
		if err != nil {
			return err
		}
		if err := c.confirm(std, fmt.Sprintf("Permanently delete role %s and remove it from all users?", role.Name)); err != nil {
			return err
		}
		return accounts.DeleteRole(ctx, oauth.Operator, role.Name)
	})
}

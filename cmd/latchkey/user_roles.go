package main

import (
	"context"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// userRole has the arguments of the commands that change one role of one user.
type userRole struct {
	targetUser `embed:""`

	Role string `arg:"" help:"Name of the role."`
}

// roleChange is account.Directory.Grant or account.Directory.Revoke.
type roleChange func(accounts *account.Directory, ctx context.Context, by account.Authority, userID, role string) error

// apply makes the change to the user and role that the arguments name.
func (r userRole) apply(ctx context.Context, std stdio, change roleChange) error {
	return r.withUser(ctx, std, func(ctx context.Context, accounts *account.Directory, u account.User) error {
		return change(accounts, ctx, oauth.Operator, u.ID, r.Role)
	})
}

type userGrant struct {
	userRole `embed:""`
}

func (*userGrant) Help() string { return examples("latchkey user grant alice ROLE_ADMIN") }

// Run grants the role.
func (c *userGrant) Run(ctx context.Context, std stdio) error {
	return c.apply(ctx, std, (*account.Directory).Grant)
}

type userRevoke struct {
	userRole `embed:""`
}

func (*userRevoke) Help() string { return examples("latchkey user revoke alice ROLE_ADMIN") }

// Run revokes the role.
func (c *userRevoke) Run(ctx context.Context, std stdio) error {
	return c.apply(ctx, std, (*account.Directory).Revoke)
}

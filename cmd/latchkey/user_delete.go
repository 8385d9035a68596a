package main

import (
	"context"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type userDelete struct {
	targetUser   `embed:""`
	confirmation `embed:""`
}

func (*userDelete) Help() string {
	return "Asks for confirmation first.\n\n" + examples("latchkey user delete alice", "latchkey user delete alice --yes")
}

// Run deletes the user, after a confirmation.
func (c *userDelete) Run(ctx context.Context, std stdio) error {
	return c.withUser(ctx, std, func(ctx context.Context, accounts *account.Directory, u account.User) error {
		if err := c.confirm(std, fmt.Sprintf("Permanently delete user %s <%s>?", u.Username, u.Email)); err != nil {
			return err
		}
		return accounts.Delete(ctx, oauth.Operator, u.ID)
	})
}

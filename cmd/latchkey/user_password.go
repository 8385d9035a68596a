package main

import (
	"context"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type userSetPassword struct {
	targetUser `embed:""`
}

func (*userSetPassword) Help() string {
	return "The password is read from the terminal, or as one line from standard input.\n\n" +
		examples("latchkey user set-password alice")
}

// Run sets the password and ends the user's sessions.
func (c *userSetPassword) Run(ctx context.Context, std stdio) error {
	password, err := readPassword(std)
	if err != nil {
		return err
	}
	return c.update(ctx, std, account.AdminPatch{Password: &password})
}

type userForceReset struct {
	targetUser  `embed:""`
	mailSetting `embed:""`
}

func (*userForceReset) Help() string {
	return "The user's sessions end. The running service sends the email. Set LATCHKEY_SMTP_HOST as for the service.\n\n" +
		examples("latchkey user force-reset alice")
}

// Run invalidates the password and queues an email with a link to set a new one.
func (c *userForceReset) Run(ctx context.Context, std stdio) error {
	if err := c.requireMail(c.DataDir); err != nil {
		return err
	}
	return c.withUser(ctx, std, func(ctx context.Context, accounts *account.Directory, u account.User) error {
		return accounts.ForceReset(ctx, oauth.Operator, u.ID)
	})
}

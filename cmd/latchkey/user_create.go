package main

import (
	"context"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
)

type userCreate struct {
	config.Database `embed:"" group:"Database"`
	mailSetting     `embed:""`

	Username string   `arg:"" optional:"" help:"Username. Default: a generated one; the user can sign in with the email address."`
	Email    string   `required:"" placeholder:"ADDRESS" help:"Email address."`
	Name     string   `placeholder:"TEXT" help:"Display name."`
	Role     []string `default:"ROLE_USER" help:"Role of the user. Repeat for several. Default: ${default}."`
	Verified bool     `help:"Treat the email address as confirmed, and do not ask the user to confirm it."`
	Invite   bool     `help:"Read no password. Email the user a link to set one instead."`
}

func (*userCreate) Help() string {
	return "The password is read from the terminal, or as one line from standard input. The id of the new user is printed. The running service " +
		"sends the invitation: set LATCHKEY_SMTP_HOST as for the service.\n\n" + examples(
		"latchkey user create alice --email alice@example.com --role ROLE_ADMIN --verified",
		"latchkey user create bob --email bob@example.com --invite",
		"latchkey user create --email carol@example.com --invite",
	)
}

// Run creates the user and prints the id.
func (c *userCreate) Run(ctx context.Context, std stdio) error {
	password, err := c.password(std)
	if err != nil {
		return err
	}
	if err := createDatabase(ctx, c.Database, std); err != nil {
		return err
	}
	return withAccounts(ctx, c.Database, std, func(ctx context.Context, accounts *account.Directory) error {
		u, err := accounts.Create(ctx, account.NewUser{
			Username: c.Username, Email: c.Email, EmailVerified: c.Verified, Password: password, Name: c.Name, Roles: c.Role,
		})
		if err == nil {
			_, _ = fmt.Fprintln(std.out, u.ID)
		}
		return err
	})
}

// password reads the password of the user. An invited user has none, and gets a link to set one.
func (c *userCreate) password(std stdio) (string, error) {
	if c.Invite {
		return "", c.requireMail(c.DataDir)
	}
	return readPassword(std)
}

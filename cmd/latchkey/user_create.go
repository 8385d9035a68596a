package main

import (
	"context"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
)

type userCreate struct {
	config.Database `embed:"" group:"Database"`

	Username string   `arg:"" optional:"" help:"Username. Default: a generated one; the user can sign in with the email address."`
	Email    string   `required:"" placeholder:"ADDRESS" help:"Email address."`
	Name     string   `placeholder:"TEXT" help:"Display name."`
	Role     []string `default:"ROLE_USER" help:"Role of the user. Repeat for several. Default: ${default}."`
	Verified bool     `help:"Treat the email address as confirmed, and do not ask the user to confirm it."`
	Invite   bool     `help:"Read no password. Email the user a link to set one instead."`
}

func (*userCreate) Help() string {
	return "The password is read from the terminal, or as one line from standard input. The id of the new user is printed.\n\n" + examples(
		"latchkey user create alice --email alice@example.com --role ROLE_ADMIN --verified",
		"latchkey user create bob --email bob@example.com --invite",
		"latchkey user create --email carol@example.com --invite",
	)
}

// Run creates the user and prints the id.
func (c *userCreate) Run(ctx context.Context, std stdio) error {
	password := ""
	if !c.Invite {
		var err error
		if password, err = readPassword(std); err != nil {
			return err
		}
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

package main

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/account"
)

type userEdit struct {
	targetUser `embed:""`

	Username *string `placeholder:"NAME" help:"New username."`
	Email    *string `placeholder:"ADDRESS" help:"New email address."`
	Verified *bool   `negatable:"" help:"Mark the email address as confirmed or not."`
	Name     *string `placeholder:"TEXT" help:"New display name."`
	Picture  *string `placeholder:"URL" help:"URL of a new picture."`
}

func (*userEdit) Help() string {
	return "Only what a flag names is changed.\n\n" +
		examples("latchkey user edit alice --email alice@example.org --verified")
}

// Run changes what the flags name.
func (c *userEdit) Run(ctx context.Context, std stdio) error {
	patch := account.AdminPatch{Username: c.Username, Email: c.Email, EmailVerified: c.Verified, Name: c.Name, Picture: c.Picture}
	if patch == (account.AdminPatch{}) {
		return settingsError{errors.New("name something to change; see `latchkey user edit --help`")}
	}
	return c.update(ctx, std, patch)
}

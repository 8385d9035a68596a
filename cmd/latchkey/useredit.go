package main

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type userEdit struct {
	oneUser `embed:""`

	Username *string `placeholder:"NAME" help:"A new username."`
	Email    *string `placeholder:"ADDRESS" help:"A new e-mail address."`
	Verified *bool   `negatable:"" help:"The address is known to be the user's, or is not."`
	Name     *string `placeholder:"TEXT" help:"The name to show."`
	Picture  *string `placeholder:"URL" help:"A picture."`
}

// Run changes what is named.
func (c *userEdit) Run(ctx context.Context, io streams) error {
	return c.change(ctx, io, func(ctx context.Context, accounts *account.Service, u account.User) error {
		_, err := accounts.Update(ctx, oauth.Operator, u.ID, account.AdminPatch{
			Username: c.Username, Email: c.Email, EmailVerified: c.Verified, Name: c.Name, Picture: c.Picture,
		})
		return err
	})
}

type userSignOut struct {
	oneUser `embed:""`
}

// Run ends all sessions of the user.
func (c *userSignOut) Run(ctx context.Context, _ streams) error {
	return withDatabase(ctx, c.Database, func(db database) error {
		accounts := account.New(account.Options{Store: db, Now: time.Now})
		u, err := accounts.ByLogin(ctx, c.User)
		if err != nil {
			return unknownUser(err, c.User)
		}
		sessions := oauth.New(oauth.Options{Clients: db, Sessions: db, Events: db, Now: time.Now})
		return sessions.EndSessions(audit.With(ctx, audit.Operator), u.ID, "", oauth.EndedByAdmin)
	})
}

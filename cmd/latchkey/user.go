package main

import (
	"context"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type userCommands struct {
	Create userCreate `cmd:"" help:"Create a user"`
	List   userList   `cmd:"" help:"List users, oldest first"`
	Edit   userEdit   `cmd:"" help:"Change a user's username, email address, name or picture"`
	Grant  userGrant  `cmd:"" help:"Grant a role to a user"`
	Revoke userRevoke `cmd:"" help:"Revoke a role from a user"`

	SetPassword userSetPassword `cmd:"" help:"Set a user's password and end their sessions"`
	ForceReset  userForceReset  `cmd:"" help:"Invalidate a user's password and email them a link to set a new one"`
	SignOut     userSignOut     `cmd:"" help:"End all sessions of a user"`
	Disable     userDisable     `cmd:"" help:"Disable a user and end their sessions"`
	Enable      userEnable      `cmd:"" help:"Enable a disabled user"`
	Delete      userDelete      `cmd:"" help:"Delete a user permanently"`

	Import userImport `cmd:"" help:"Import users with their password hashes from a file"`
	Export userExport `cmd:"" help:"Export all users with their password hashes"`
}

// withAccounts runs work on the accounts of the configured database.
func withAccounts(ctx context.Context, settings config.Database, std stdio, work func(context.Context, *account.Directory) error) error {
	return withDatabase(ctx, settings, func(ctx context.Context, db database) error {
		accounts, err := openDirectory(db, settings.MinPassword, newTextLog(std.err))
		if err != nil {
			return err
		}
		return work(ctx, accounts)
	})
}

// findUser returns the user with that username or email address.
func findUser(ctx context.Context, accounts *account.Directory, login string) (account.User, error) {
	u, err := accounts.ByLogin(ctx, login)
	return u, explainNotFound(err, "user", login, "user list")
}

// findUserIn is findUser for a command that needs more of the database than its users.
func findUserIn(ctx context.Context, db database, minPassword int, std stdio, login string) (account.User, error) {
	accounts, err := openDirectory(db, minPassword, newTextLog(std.err))
	if err != nil {
		return account.User{}, err
	}
	return findUser(ctx, accounts, login)
}

// targetUser has the settings and the argument of every command that acts on one user.
type targetUser struct {
	config.Database `embed:"" group:"Database"`

	User string `arg:"" help:"Username or email address."`
}

// withUser runs work on the user that the argument names.
func (t targetUser) withUser(ctx context.Context, std stdio, work func(context.Context, *account.Directory, account.User) error) error {
	return withAccounts(ctx, t.Database, std, func(ctx context.Context, accounts *account.Directory) error {
		u, err := findUser(ctx, accounts, t.User)
		if err != nil {
			return err
		}
		return work(ctx, accounts, u)
	})
}

// update applies a patch to the user that the argument names.
func (t targetUser) update(ctx context.Context, std stdio, patch account.AdminPatch) error {
	return t.withUser(ctx, std, func(ctx context.Context, accounts *account.Directory, u account.User) error {
		_, err := accounts.Update(ctx, oauth.Operator, u.ID, patch)
		return err
	})
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// oneUser is what the commands take that change one user.
type oneUser struct {
	config.Database `embed:""`

	User string `arg:"" help:"Username or e-mail address."`
}

// change runs a command on that user.
func (c oneUser) change(ctx context.Context, io streams, work func(context.Context, *account.Service, account.User) error) error {
	return withAccounts(ctx, c.Database, io, func(ctx context.Context, accounts *account.Service) error {
		u, err := accounts.ByLogin(ctx, c.User)
		if err != nil {
			return unknownUser(err, c.User)
		}
		return work(ctx, accounts, u)
	})
}

type userSetPassword struct {
	oneUser `embed:""`
}

// Run sets the password and ends the user's sessions.
func (c *userSetPassword) Run(ctx context.Context, io streams) error {
	password, err := readPassword(io)
	if err != nil {
		return err
	}
	return c.change(ctx, io, func(ctx context.Context, accounts *account.Service, u account.User) error {
		_, err := accounts.Update(ctx, oauth.Operator, u.ID, account.AdminPatch{Password: &password})
		return err
	})
}

type userDisable struct {
	oneUser `embed:""`

	Until time.Time `placeholder:"TIME" help:"When the user may sign in again, as in 2026-03-01T00:00:00Z. Default: never."`
}

// Run ends the user's sessions and lets him sign in no more.
func (c *userDisable) Run(ctx context.Context, io streams) error {
	return c.change(ctx, io, func(ctx context.Context, accounts *account.Service, u account.User) error {
		patch := account.AdminPatch{Active: new(bool)}
		if !c.Until.IsZero() {
			patch.DisabledUntil = &c.Until
		}
		_, err := accounts.Update(ctx, oauth.Operator, u.ID, patch)
		return err
	})
}

type userEnable struct {
	oneUser `embed:""`
}

// Run lets the user sign in again.
func (c *userEnable) Run(ctx context.Context, io streams) error {
	return c.change(ctx, io, func(ctx context.Context, accounts *account.Service, u account.User) error {
		active := true
		_, err := accounts.Update(ctx, oauth.Operator, u.ID, account.AdminPatch{Active: &active})
		return err
	})
}

type userForceReset struct {
	oneUser `embed:""`
}

// Run makes the password stop working and orders a letter to set a new one.
func (c *userForceReset) Run(ctx context.Context, io streams) error {
	return c.change(ctx, io, func(ctx context.Context, accounts *account.Service, u account.User) error {
		return accounts.ForceReset(ctx, oauth.Operator, u.ID)
	})
}

type userDelete struct {
	oneUser `embed:""`

	Yes bool `help:"Do not ask, as in a script."`
}

// Run deletes the user, after a question where somebody can answer it.
func (c *userDelete) Run(ctx context.Context, io streams) error {
	return c.change(ctx, io, func(ctx context.Context, accounts *account.Service, u account.User) error {
		if !c.Yes {
			if err := confirm(io, fmt.Sprintf("Delete the user %s <%s> for good?", u.Username, u.Email)); err != nil {
				return err
			}
		}
		return accounts.Delete(ctx, oauth.Operator, u.ID)
	})
}

// confirm asks at a terminal. Anywhere else nobody can answer.
func confirm(io streams, question string) error {
	file, ok := io.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return errors.New("nobody can be asked here: add --yes if you are sure")
	}
	_, _ = fmt.Fprintf(io.err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(file).ReadString('\n') // no answer is none
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}

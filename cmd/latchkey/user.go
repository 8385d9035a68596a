package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type userCommands struct {
	Create userCreate `cmd:"" help:"Create a user. The password is read from the terminal or standard input."`
	List   userList   `cmd:"" help:"List users, oldest first."`
	Grant  userGrant  `cmd:"" help:"Give a user a role."`
	Revoke userRevoke `cmd:"" help:"Take a role from a user."`

	Edit        userEdit        `cmd:"" help:"Change a user's name, address or picture."`
	SignOut     userSignOut     `cmd:"" help:"End all sessions of a user."`
	SetPassword userSetPassword `cmd:"" help:"Set a user's password, read as for create, and end all sessions of the user."`
	Disable     userDisable     `cmd:"" help:"End a user's sessions and allow no more."`
	Enable      userEnable      `cmd:"" help:"Allow a user to sign in again."`
	ForceReset  userForceReset  `cmd:"" help:"Make a user set a new password: the old one stops working, and a letter is sent."`
	Delete      userDelete      `cmd:"" help:"Delete a user for good."`

	Import userImport `cmd:"" help:"Bring users along from elsewhere, with their password hashes."`
	Export userExport `cmd:"" help:"Write all users out, with their password hashes."`
}

// withAccounts runs a command on the accounts of the configured database, for whoever has that.
func withAccounts(ctx context.Context, settings config.Database, io streams, work func(context.Context, *account.Service) error) error {
	return withDatabase(ctx, settings, func(db database) error {
		log := slog.New(slog.NewTextHandler(io.err, nil))
		accounts, err := newAccounts(db, accountOptions{minPassword: settings.MinPassword, log: log})
		if err != nil {
			return err
		}
		return said(work(audit.With(ctx, audit.Operator), accounts))
	})
}

// said gives people the safe text of an error instead of its code and cause; but of a database that
// cannot be reached the cause is what they need.
func said(err error) error {
	var known *account.Error
	if errors.As(err, &known) && known.Code != account.Unavailable {
		return errors.New(known.Text)
	}
	return err
}

type userCreate struct {
	config.Database `embed:""`

	Username string   `arg:"" help:"The username."`
	Email    string   `required:"" placeholder:"ADDRESS" help:"The e-mail address."`
	Name     string   `placeholder:"TEXT" help:"The name to show."`
	Role     []string `default:"ROLE_USER" help:"A role; may be given more than once. Default: ${default}."`
	Verified bool     `help:"The address is known to be the user's: no letter to confirm it."`
	Invite   bool     `help:"Read no password: the user gets a letter to set one."`
}

// Run creates the user.
func (c *userCreate) Run(ctx context.Context, io streams) error {
	password := ""
	if !c.Invite {
		var err error
		if password, err = readPassword(io); err != nil {
			return err
		}
	}
	return withAccounts(ctx, c.Database, io, func(ctx context.Context, accounts *account.Service) error {
		u, err := accounts.Create(ctx, account.NewUser{
			Username: c.Username, Email: c.Email, EmailVerified: c.Verified, Password: password, Name: c.Name, Roles: c.Role,
		})
		if err == nil {
			_, _ = fmt.Fprintln(io.out, u.ID)
		}
		return err
	})
}

// readPassword asks twice at a terminal, and reads one line from anything else.
func readPassword(io streams) (string, error) {
	file, ok := io.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return readLine(io.in)
	}
	ask := func(prompt string) (string, error) {
		_, _ = fmt.Fprint(io.err, prompt)
		text, err := term.ReadPassword(int(file.Fd()))
		_, _ = fmt.Fprintln(io.err)
		return string(text), err
	}
	first, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	second, err := ask("Once more: ")
	if err == nil && first != second {
		err = errors.New("the two passwords differ")
	}
	return first, err
}

func readLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("no password on standard input")
	}
	return line, nil
}

type userGrant struct {
	config.Database `embed:""`

	User string `arg:"" help:"Username or e-mail address."`
	Role string `arg:"" help:"The role."`
}

// Run gives the role.
func (c *userGrant) Run(ctx context.Context, io streams) error {
	return withAccounts(ctx, c.Database, io, func(ctx context.Context, accounts *account.Service) error {
		u, err := accounts.ByLogin(ctx, c.User)
		if err != nil {
			return unknownUser(err, c.User)
		}
		return accounts.Grant(ctx, oauth.Operator, u.ID, c.Role)
	})
}

type userRevoke struct {
	config.Database `embed:""`

	User string `arg:"" help:"Username or e-mail address."`
	Role string `arg:"" help:"The role."`
}

// Run takes the role.
func (c *userRevoke) Run(ctx context.Context, io streams) error {
	return withAccounts(ctx, c.Database, io, func(ctx context.Context, accounts *account.Service) error {
		u, err := accounts.ByLogin(ctx, c.User)
		if err != nil {
			return unknownUser(err, c.User)
		}
		return accounts.Revoke(ctx, oauth.Operator, u.ID, c.Role)
	})
}

func unknownUser(err error, login string) error {
	if errors.Is(err, account.ErrNotFound) {
		return fmt.Errorf("there is no user %q; `latchkey user list` shows all", login)
	}
	return err
}

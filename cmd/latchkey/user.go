package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
)

type userCommands struct {
	Create userCreate `cmd:"" help:"Create a user. The password is read from the terminal or standard input."`
	List   userList   `cmd:"" help:"List users, oldest first."`
	Grant  userGrant  `cmd:"" help:"Give a user a role."`
	Revoke userRevoke `cmd:"" help:"Take a role from a user."`

	SetPassword userSetPassword `cmd:"" help:"Set a user's password, read as for create, and end all sessions of the user."`
	Disable     userDisable     `cmd:"" help:"End a user's sessions and allow no more."`
	Enable      userEnable      `cmd:"" help:"Allow a user to sign in again."`
	Delete      userDelete      `cmd:"" help:"Delete a user for good."`
}

// withAccounts runs a command on the accounts of the configured database.
func withAccounts(ctx context.Context, settings config.Database, io streams, work func(*account.Service) error) error {
	return withDatabase(ctx, settings, func(db database) error {
		log := slog.New(slog.NewTextHandler(io.err, nil))
		accounts, err := newAccounts(db, accountOptions{minPassword: 8, log: log})
		if err != nil {
			return err
		}
		return said(work(accounts))
	})
}

// said gives people the safe text of an error instead of its code.
func said(err error) error {
	var known *account.Error
	if errors.As(err, &known) && known.Unwrap() == nil {
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
}

// Run creates the user.
func (c *userCreate) Run(ctx context.Context, io streams) error {
	password, err := readPassword(io)
	if err != nil {
		return err
	}
	return withAccounts(ctx, c.Database, io, func(accounts *account.Service) error {
		u, err := accounts.Create(ctx, account.NewUser{
			Username: c.Username, Email: c.Email, Password: password, Name: c.Name, Roles: c.Role,
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

type userList struct {
	config.Database `embed:""`

	JSON bool `name:"json" help:"One JSON object a line, for scripts."`
}

const listPage = 500 // users read at a time

// Run lists all users, a page at a time.
func (c *userList) Run(ctx context.Context, io streams) error {
	return withAccounts(ctx, c.Database, io, func(accounts *account.Service) error {
		table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		if !c.JSON {
			_, _ = fmt.Fprintln(table, "USERNAME\tEMAIL\tROLES\tACTIVE\tCREATED\tID")
		}
		var after account.Position
		for {
			page, err := accounts.List(ctx, after, listPage)
			if err != nil {
				return err
			}
			for _, u := range page {
				if err := c.print(io.out, table, u); err != nil {
					return err
				}
				after = account.Position{CreatedAt: u.CreatedAt, ID: u.ID}
			}
			if len(page) < listPage {
				return table.Flush()
			}
		}
	})
}

func (c *userList) print(out, table io.Writer, u account.User) error {
	if !c.JSON {
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%v\t%s\t%s\n", u.Username, u.Email,
			strings.Join(u.Roles, " "), u.Active, u.CreatedAt.Format(time.RFC3339), u.ID)
		return err
	}
	return json.NewEncoder(out).Encode(map[string]any{
		"id": u.ID, "username": u.Username, "email": u.Email, "email_verified": u.EmailVerified,
		"active": u.Active, "name": u.Name, "picture": u.Picture, "roles": u.Roles,
		"created_at": u.CreatedAt, "updated_at": u.UpdatedAt,
	})
}

type userGrant struct {
	config.Database `embed:""`

	User string `arg:"" help:"Username or e-mail address."`
	Role string `arg:"" help:"The role."`
}

// Run gives the role.
func (c *userGrant) Run(ctx context.Context, io streams) error {
	return withAccounts(ctx, c.Database, io, func(accounts *account.Service) error {
		u, err := accounts.ByLogin(ctx, c.User)
		if err != nil {
			return unknownUser(err, c.User)
		}
		return accounts.Grant(ctx, u.ID, c.Role)
	})
}

type userRevoke struct {
	config.Database `embed:""`

	User string `arg:"" help:"Username or e-mail address."`
	Role string `arg:"" help:"The role."`
}

// Run takes the role.
func (c *userRevoke) Run(ctx context.Context, io streams) error {
	return withAccounts(ctx, c.Database, io, func(accounts *account.Service) error {
		u, err := accounts.ByLogin(ctx, c.User)
		if err != nil {
			return unknownUser(err, c.User)
		}
		return accounts.Revoke(ctx, u.ID, c.Role)
	})
}

func unknownUser(err error, login string) error {
	if errors.Is(err, account.ErrNotFound) {
		return fmt.Errorf("there is no user %q; `latchkey user list` shows all", login)
	}
	return err
}

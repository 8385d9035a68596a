package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
)

// devUsers are seeded in development, each with its one role and the password NAME-dev-password.
var devUsers = []struct{ name, role string }{
	{"user", account.RoleUser},
	{"moderator", account.RoleModerator},
	{"admin", account.RoleAdmin},
}

func devPassword(name string) string { return name + "-dev-password" }

// prepareDev makes the master secret of development on first start.
func prepareDev(s *config.Serve) error {
	if !s.Dev || len(s.Secrets) > 0 {
		return nil
	}
	if err := makePrivateDir(s.DataDir); err != nil {
		return err
	}
	secret, err := config.DevSecret(s.DataDir)
	if err != nil {
		return fmt.Errorf("the development secret cannot be had: %w", err)
	}
	s.Secrets = [][]byte{secret}
	return nil
}

// seed creates the users of development that are not there yet.
func seed(ctx context.Context, accounts *account.Service) error {
	for _, u := range devUsers {
		_, err := accounts.ByLogin(ctx, u.name)
		if errors.Is(err, account.ErrNotFound) {
			_, err = accounts.Create(ctx, account.NewUser{
				Username: u.name, Email: u.name + "@example.com", Password: devPassword(u.name),
				EmailVerified: true, Roles: []string{u.role},
			})
		}
		if err != nil && !errors.Is(err, account.ErrUsernameTaken) { // another process was first
			return fmt.Errorf("cannot seed %s: %w", u.name, err)
		}
	}
	return nil
}

// greet says how to sign in, with a line that works when pasted, and where letters are kept if they are.
func greet(out io.Writer, base string, inbox bool) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }
	say("\nLatchkey is running for development. Do not put it on a network.\n\n")
	say("  Docs      %s/docs (Authorize works with the client fields left blank)\n", base)
	if inbox {
		say("  Mail      %s%s\n", base, inboxPath)
	}
	say("  Sign in   as one of:\n")
	for _, u := range devUsers {
		say("              %-10s %s\n", u.name, devPassword(u.name))
	}
	say("  Token     curl -d grant_type=password -d username=user --data-urlencode password=%s %s/token\n\n",
		devPassword("user"), base)
}

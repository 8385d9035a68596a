package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
)

// devUsers are created in development, each with one role and the password NAME-dev-password.
var devUsers = []struct{ name, role string }{
	{"user", account.RoleUser},
	{"moderator", account.RoleModerator},
	{"admin", account.RoleAdmin},
}

func devPassword(name string) string { return name + "-dev-password" }

// useDevSecret sets the development secret if this is development and no secret is configured. It
// generates the secret on first start.
func useDevSecret(s *config.Serve) error {
	if !s.Dev || len(s.Secrets) > 0 {
		return nil
	}
	if err := makePrivateDir(s.DataDir); err != nil {
		return err
	}
	secret, err := config.DevSecret(s.DataDir)
	if err != nil {
		return fmt.Errorf("create development secret: %w", err)
	}
	s.Secrets = [][]byte{secret}
	return nil
}

// prepareDev creates the users of development, records the issuer for the commands, and prints how to sign
// in. Otherwise it does nothing.
func prepareDev(ctx context.Context, out io.Writer, s config.Serve, service *components) error {
	if !s.Dev {
		return nil
	}
	if err := createDevUsers(ctx, service.accounts.Directory); err != nil {
		return err
	}
	if err := makePrivateDir(s.DataDir); err != nil {
		return err
	}
	if err := config.StoreDevIssuer(s.DataDir, s.Issuer); err != nil {
		return err
	}
	printWelcome(out, s.Issuer, s.Compat, s.Console, service.mailer.inbox != nil)
	return nil
}

// createDevUsers creates the development users that do not exist yet.
func createDevUsers(ctx context.Context, accounts *account.Directory) error {
	for _, u := range devUsers {
		_, err := accounts.ByLogin(ctx, u.name)
		if errors.Is(err, fault.ErrNotFound) {
			_, err = accounts.Create(ctx, account.NewUser{
				Username: u.name, Email: u.name + "@example.com", Password: devPassword(u.name),
				EmailVerified: true, Roles: []string{u.role},
			})
		}
		if err != nil && !errors.Is(err, account.ErrUsernameTaken) { // another process was first
			return fmt.Errorf("create development user %s: %w", u.name, err)
		}
	}
	return nil
}

// welcome returns what the page of GET / shows in development, otherwise nil.
func welcome(s config.Serve) *httpapi.Welcome {
	if !s.Dev {
		return nil
	}
	w := &httpapi.Welcome{Profiles: s.Compat}
	if version != unreleased {
		w.Version = version
	}
	if s.Mail.Host == "" {
		w.Inbox = inboxPath
	}
	for _, u := range devUsers {
		w.Users = append(w.Users, httpapi.WelcomeUser{Username: u.name, Password: devPassword(u.name), Role: u.role})
	}
	return w
}

// printWelcome prints where the documentation and the inbox are, which profiles are on, how to sign in,
// and a command that gets a token when it is pasted.
func printWelcome(out io.Writer, base string, profiles []string, hasConsole, hasInbox bool) {
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }
	printf("\nLatchkey is running in development mode. Do not expose it to a network.\n\n")
	printf("  Start     %s\n", base)
	printf("  Docs      %s/docs (Authorize works with blank client fields)\n", base)
	if hasConsole {
		printf("  Console   %s/console (sign in as admin)\n", base)
	}
	printf("  Account   %s/account\n", base)
	if hasInbox {
		printf("  Mail      %s%s\n", base, inboxPath)
	}
	if len(profiles) > 0 {
		printf("  Profiles  %s\n", strings.Join(profiles, ", "))
	}
	printf("  Sign in   with one of these usernames and passwords:\n")
	for _, u := range devUsers {
		printf("              %-10s %s\n", u.name, devPassword(u.name))
	}
	printf("  Token     curl -d grant_type=password -d username=user --data-urlencode password=%s %s/token\n\n",
		devPassword("user"), base)
}

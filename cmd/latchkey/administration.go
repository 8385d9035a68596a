package main

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/password"
)

// This file builds what the administration commands work with. Most commands have the database but
// not the master secret. Where a service needs the secret for some of its methods, the command gets
// an interface with only the methods that work without it.

// newDirectory builds the directory of users with a password hasher. o has the settings.
func newDirectory(db database, o account.DirectoryOptions, hasher *password.Hasher, log *slog.Logger) (*account.Directory, error) {
	o.Users, o.Roles, o.Tokens, o.Events, o.Queue = db, db, db, db, db
	o.Passwords, o.Now, o.Log = hasher, time.Now, log
	return account.NewDirectory(o)
}

// openDirectory builds the directory of a command.
func openDirectory(db database, minPassword int, log *slog.Logger) (*account.Directory, error) {
	hasher, err := password.New(password.Options{Log: log})
	if err != nil {
		return nil, err
	}
	return newDirectory(db, account.DirectoryOptions{MinPassword: minPassword}, hasher, log)
}

// openClients builds the registry of clients. Without the master secrets it creates no shared keys.
func openClients(db database, secrets [][]byte) (*oauth.ClientRegistry, error) {
	if len(secrets) == 0 {
		return oauth.NewClientRegistry(db, nil, time.Now)
	}
	vault, err := keyring.NewVault(secrets)
	if err != nil {
		return nil, err
	}
	return oauth.NewClientRegistry(db, vault, time.Now)
}

func openSessions(db database) (*oauth.SessionManager, error) {
	return oauth.NewSessionManager(db, time.Now)
}

// hookAdmin is the part of hook.Service that works without the master secret.
type hookAdmin interface {
	Get(ctx context.Context, id string) (hook.Hook, error)
	List(ctx context.Context) ([]hook.Hook, error)
	Delete(ctx context.Context, id string) error
	Deliveries(ctx context.Context, hookID string, limit int) ([]hook.Delivery, error)
	Replay(ctx context.Context, deliveryID string) error
}

func openHooks(db database) hookAdmin { return newHooks(db, nil, nil) }

// newHooks builds the webhook service. It signs with keys derived from the master secrets.
func newHooks(db database, secrets [][]byte, networks []netip.Prefix) *hook.Service {
	return hook.New(hook.Options{
		Store: db, Queue: db, Now: time.Now, Networks: networks,
		Derive: func(label string) [][]byte { return deriveAll(secrets, label) },
	})
}

// secretSettings are the settings of the commands that need the master secret.
type secretSettings struct {
	config.Database       `embed:"" group:"Database"`
	config.SecretSettings `embed:""`
}

// withSecrets is withDatabase for commands that need the master secret. It reads the secret first.
func (s *secretSettings) withSecrets(ctx context.Context, work func(context.Context, database) error) error {
	if err := s.resolveSecrets(); err != nil {
		return err
	}
	return withDatabase(ctx, s.Database, work)
}

func (s *secretSettings) resolveSecrets() error {
	if err := s.SecretSettings.Resolve(s.DataDir); err != nil {
		return settingsError{err}
	}
	return nil
}

// openKeys reads the signing keys for administration; it signs nothing and creates no key.
func openKeys(ctx context.Context, db database, secrets [][]byte) (*keyring.Ring, error) {
	return keyring.Attach(ctx, db, keyring.Options{Secrets: secrets, Now: time.Now})
}

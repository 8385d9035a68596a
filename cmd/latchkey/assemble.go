package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/password"
	"github.com/latchkey-auth/latchkey/internal/throttle"
)

// application is the rooms, wired.
type application struct {
	accounts *account.Service
	keys     *keyring.Ring
	limits   *throttle.Limiter
	tokens   *oauth.Service
	hooks    *hook.Service
	outbox   *outbox.Worker
	letters  *letters
	server   *httpapi.Server

	retention time.Duration // of audit events
}

func (a *application) close() error { return a.letters.close() }

// assemble wires the rooms together.
func assemble(ctx context.Context, s config.Serve, db database, log *slog.Logger) (*application, error) {
	audience := s.Audience
	if len(audience) == 0 {
		audience = []string{s.Issuer}
	}
	keys, err := keyring.Open(ctx, db, keyring.Options{
		Secrets: s.Secrets, Algorithm: s.Algorithm, Type: s.TokenType, Issuer: s.Issuer, Audience: audience[0], Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	limits := throttle.New(db, keyring.Derive(s.Secrets[0], "throttle"), time.Now)
	accounts, err := newAccounts(db, accountOptions{
		minPassword: s.MinPassword, signup: s.Signup, verified: s.VerifiedEmail, limits: limits, log: log,
	})
	if err != nil {
		return nil, err
	}
	tokens := oauth.New(oauth.Options{
		Settings: oauth.Settings{
			Issuer: s.Issuer, Audience: audience, AccessTTL: s.AccessTTL,
			RefreshGrace: s.RefreshGrace, SessionIdle: s.SessionIdle, SessionMax: s.SessionMax, PublicClient: s.PublicClient,
		},
		RefreshKeys: refreshKeys(s.Secrets),
		Accounts:    accounts, Clients: db, Sessions: db, Keys: keys, Limits: limits, Events: db, Now: time.Now, Log: log,
	})
	proxies, err := s.Proxies()
	if err != nil {
		return nil, err
	}
	server, err := httpapi.New(httpapi.Options{
		Issuer: s.Issuer, Accounts: accounts, OAuth: tokens, Keys: keys, DemoRoutes: s.DemoRoutes,
		CORSOrigins: s.CORSOrigins, CORSLoopback: s.Dev, TrustedProxies: proxies, Now: time.Now, Log: log,
	})
	if err != nil {
		return nil, err
	}
	letters, err := newLetters(s, accounts, log)
	if err != nil {
		return nil, err
	}
	hooks := newHooks(db, s.Secrets)
	handlers := hooks.Handlers()
	handlers[outbox.Letter] = letters.handler
	return &application{
		accounts: accounts, keys: keys, limits: limits, tokens: tokens, hooks: hooks, letters: letters, server: server,
		outbox:    &outbox.Worker{Store: db, Handlers: handlers, Now: time.Now, Log: log},
		retention: s.Retention,
	}, nil
}

// refreshKeys derives the keys of refresh tokens from the master secrets, in their order.
func refreshKeys(secrets [][]byte) [][]byte {
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		keys[i] = keyring.Derive(secret, "refresh-token")
	}
	return keys
}

// accountOptions are what the service and the commands set differently.
type accountOptions struct {
	minPassword int
	signup      bool
	verified    bool
	limits      account.Limiter
	log         *slog.Logger
}

func newAccounts(db database, o accountOptions) (*account.Service, error) {
	hasher, err := password.New(password.Options{Log: o.log})
	if err != nil {
		return nil, err
	}
	return account.New(account.Options{
		Store: db, Passwords: hasher, MinPassword: o.minPassword, Signup: o.signup, Verified: o.verified,
		Limits: o.limits, Now: time.Now, Log: o.log,
	}), nil
}

package main

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/certificate"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/hashprocess"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/httpapi"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/password"
	"github.com/latchkey-auth/latchkey/internal/readiness"
	"github.com/latchkey-auth/latchkey/internal/statistics"
	"github.com/latchkey-auth/latchkey/internal/throttle"
	"github.com/latchkey-auth/latchkey/internal/web"
)

// components are the parts of the running service, wired together.
type components struct {
	accounts *account.Service
	audit    *audit.Log
	keys     *keyring.Ring
	limits   *throttle.Limiter
	tokens   *oauth.Service
	hooks    *hook.Service
	outbox   *outbox.Worker
	mailer   *mailer
	hasher   *password.Hasher
	server   *httpapi.Server
	ready    *readiness.Checks
	counts   *statistics.Service
	watch    *observers

	certificate *certificate.Files // nil: the service speaks plain HTTP

	auditRetention time.Duration
	settings       []httpapi.Setting
}

func (c *components) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = c.counts.Flush(ctx) // statistics may be incomplete
	c.hasher.Close()
	return c.mailer.close()
}

// assemble builds the service from its settings. The parts that the commands need as well are built
// by the functions in administration.go.
func assemble(ctx context.Context, s config.Serve, shown []httpapi.Setting, db database, watch *observers, log *slog.Logger) (*components, error) {
	networks, err := s.WebhookNetworks()
	if err != nil {
		return nil, err
	}
	c := &components{auditRetention: s.AuditRetention, hooks: newHooks(db, s.Secrets, networks), watch: watch, settings: shown}
	if c.keys, err = keyring.Open(ctx, db, keyringOptions(s)); err != nil {
		return nil, err
	}
	c.limits = throttle.New(db, deriveAll(s.Secrets, "throttle"), time.Now)
	c.counts = newStatistics(s, c, db)
	c.limits.Observe(c.limited)
	if c.accounts, err = newAccounts(s, c, db, log); err != nil {
		return nil, err
	}
	if c.audit, err = audit.NewLog(db, time.Now); err != nil {
		return nil, err
	}
	if c.tokens, err = newTokens(s, c, db, log, counters{c.counts.SignedIn, c.refreshed}); err != nil {
		return nil, err
	}
	c.ready = newReadiness(s, db, log)
	if c.server, err = newServer(s, c, db, log); err != nil {
		return nil, err
	}
	if c.mailer, err = newMailer(s, c.accounts, log); err != nil {
		return nil, err
	}
	handlers := c.hooks.Handlers()
	handlers[outbox.Email] = c.mailer.handler
	c.outbox = &outbox.Worker{Store: db, Handlers: handlers, Now: time.Now, Log: log, Observe: watch.jobDone}
	return c, nil
}

// audienceOf returns the audience of access tokens.
func audienceOf(s config.Serve) []string {
	if len(s.Audience) == 0 {
		return []string{s.Issuer}
	}
	return s.Audience
}

func keyringOptions(s config.Serve) keyring.Options {
	return keyring.Options{
		Secrets: s.Secrets, Algorithm: s.Algorithm, Type: s.TokenType, JWTFor: s.JWTAudiences, Issuer: s.Issuer, Audience: audienceOf(s)[0], Now: time.Now,
	}
}

// counters count what the token service does. A command has none: what counts is what the service does.
type counters struct {
	signedIn  func(ok bool)
	refreshed func(outcome string)
}

// newTokens builds the token service over the keys, accounts and limits of c.
func newTokens(s config.Serve, c *components, db database, log *slog.Logger, count counters) (*oauth.Service, error) {
	vault, err := keyring.NewVault(s.Secrets)
	if err != nil {
		return nil, err
	}
	return oauth.New(oauth.Options{
		Settings: oauth.Settings{
			Issuer: s.Issuer, Audience: audienceOf(s), AccessTTL: s.AccessTTL,
			RefreshGrace: s.RefreshGrace, SessionIdle: s.SessionIdle, SessionMax: s.SessionMax, PublicClient: s.PublicClient,
		},
		RefreshKeys: deriveAll(s.Secrets, "refresh-token"),
		Accounts:    c.accounts, Clients: db, Sessions: db, Ended: db, Keys: accessTokens{c.keys}, Vault: vault,
		Limits: c.limits, Events: db, Now: time.Now, Log: log, SignedIn: count.signedIn, Refreshed: count.refreshed,
	})
}

// newAccounts builds the accounts.
func newAccounts(s config.Serve, c *components, db database, log *slog.Logger) (*account.Service, error) {
	hasher, err := password.New(password.Options{Process: hashprocess.Command, Log: log})
	if err != nil {
		return nil, err
	}
	c.hasher = hasher
	directory, err := newDirectory(db, account.DirectoryOptions{
		MinPassword: s.MinPassword, NoMail: s.Mail.Host == "" && !s.Dev,
	}, hasher, log)
	if err != nil {
		return nil, err
	}
	return account.New(directory, account.Options{Limits: c.limits, Signup: s.Signup, VerifiedEmail: s.VerifiedEmail})
}

// newServer builds the HTTP API over the other components.
func newServer(s config.Serve, c *components, db database, log *slog.Logger) (*httpapi.Server, error) {
	proxies, err := s.Proxies()
	if err != nil {
		return nil, err
	}
	profiles, err := activeProfiles(s.Compat)
	if err != nil {
		return nil, err
	}
	site, err := web.New(web.Options{
		Name: cmp.Or(s.Pages.BrandName, s.Mail.Name), Color: s.Pages.BrandColor, Logo: s.Pages.BrandLogo, Texts: s.Pages.Texts,
	})
	if err != nil {
		return nil, settingsError{err}
	}
	return httpapi.New(httpapi.Options{
		Issuer: s.Issuer, Accounts: c.accounts, OAuth: c.tokens, Audit: c.audit, Keys: c.keys, Ready: c.ready,
		SigningKeys: keyAdmin{c.keys, db}, Hooks: c.hooks, Statistics: c.counts, Settings: c.settings, Console: s.Console, DemoRoutes: s.DemoRoutes,
		CORSOrigins: s.CORSOrigins, CORSLoopback: s.Dev, TrustedProxies: proxies, Welcome: welcome(s), Now: time.Now, Log: log,
		Explainer: oauth.Explainer{
			Tokens: tokenReader{db}, Sessions: db, Issuer: s.Issuer, Audience: audienceOf(s)[0],
			Leeway: keyring.Leeway, TypeFor: c.keys.TypeFor, Now: time.Now,
		},
		Profiles: profiles, Observe: c.watch.request(), Trace: c.watch.telemetry.Middleware(),
		Site: site, OpenSignup: s.Signup,
	})
}

// deriveAll derives a key from each master secret, in the same order.
func deriveAll(secrets [][]byte, label string) [][]byte {
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		keys[i] = keyring.Derive(secret, label)
	}
	return keys
}

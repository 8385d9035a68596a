package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/statistics"
)

// newStatistics builds the statistics, and the checks that find what needs attention.
func newStatistics(s config.Serve, c *components, db database) *statistics.Service {
	return statistics.New(statistics.Options{Store: db, Now: time.Now, Checks: []statistics.Check{
		func(ctx context.Context) ([]statistics.Finding, error) { return failingMail(ctx, db) },
		c.failingHooks,
		c.overdueKeys,
		func(context.Context) ([]statistics.Finding, error) { return unwiseSettings(s), nil },
	}})
}

// limited counts an attempt that a rate limit refused.
func (c *components) limited(policy string) {
	c.counts.Refused()
	c.watch.limited(policy)
}

// refreshed counts a refresh by its outcome.
func (c *components) refreshed(outcome string) {
	if outcome == "rotated" {
		c.counts.Refreshed()
	}
	c.watch.refreshed(outcome)
}

func failingMail(ctx context.Context, db database) ([]statistics.Finding, error) {
	kinds, err := db.OutboxStats(ctx)
	for _, k := range kinds {
		if k.Kind == outbox.Email && k.Failing > 0 {
			return []statistics.Finding{{
				Code: "mail_failing", Level: statistics.Problem, Count: int64(k.Failing), Since: k.Oldest,
				Detail: fmt.Sprintf("%s could not be sent and will be tried again; check the mail server", count(k.Failing, "email")),
			}}, err
		}
	}
	return nil, err
}

func (c *components) failingHooks(ctx context.Context) ([]statistics.Finding, error) {
	hooks, err := c.hooks.Failing(ctx)
	findings := make([]statistics.Finding, len(hooks))
	for i, h := range hooks {
		receiver := h.HookID
		if u, err := url.Parse(h.URL); err == nil {
			receiver = u.Host
		}
		findings[i] = statistics.Finding{
			Code: "webhook_failing", Level: statistics.Problem, Count: int64(h.Deliveries), Since: h.Oldest, TargetID: h.HookID,
			Detail: fmt.Sprintf("the webhook at %s does not accept %s", receiver, count(h.Deliveries, "event")),
		}
	}
	return findings, err
}

// overdueKeys looks for a rotation that has not happened, and for keys that would be lost with an old
// master secret.
func (c *components) overdueKeys(context.Context) ([]statistics.Finding, error) {
	var findings []statistics.Finding
	if next := c.keys.NextRotation(); !next.IsZero() && time.Since(next) > time.Hour {
		findings = append(findings, statistics.Finding{
			Code: "key_overdue", Level: statistics.Problem, Since: next,
			Detail: "the next signing key should have been in use by now; the log says why it could not be created",
		})
	}
	for _, k := range c.keys.List() {
		if !k.Current {
			findings = append(findings, statistics.Finding{
				Code: "key_old_secret", Level: statistics.Warning, Since: k.CreatedAt, TargetID: k.ID,
				Detail: "a signing key is still encrypted with an older master secret; do not remove that secret yet",
			})
		}
	}
	return findings, nil
}

// unwiseSettings looks for settings that are accepted but that production should not have.
func unwiseSettings(s config.Serve) []statistics.Finding {
	warn := func(code, detail string) statistics.Finding {
		return statistics.Finding{Code: code, Level: statistics.Warning, Detail: detail}
	}
	if s.Dev {
		return []statistics.Finding{warn("development_mode", "this is development mode: three users have passwords that everybody knows")}
	}
	var findings []statistics.Finding
	if secret, err := config.StoredDevSecret(s.DataDir); err == nil && len(s.Secrets) > 0 && bytes.Equal(s.Secrets[0], secret) {
		findings = append(findings, warn("development_secret", "the master secret is the one of development mode; put a new one before it"))
	}
	if s.Mail.Host == "" {
		findings = append(findings, warn("mail_off", "no email is sent: users cannot reset a forgotten password; set LATCHKEY_SMTP_HOST"))
	}
	return findings
}

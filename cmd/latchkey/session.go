package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

type sessionCommands struct {
	End sessionEnd `cmd:"" help:"End the sessions of all users and clients"`
}

type sessionEnd struct {
	config.Database `embed:"" group:"Database"`

	All bool `required:"" help:"Confirm that everybody has to sign in again."`
}

func (*sessionEnd) Help() string {
	return "Run it after you restored PostgreSQL from a backup: a backup brings back sessions that have been ended since, and links in emails " +
		"that have been used since. It also deletes these one-time tokens. `latchkey restore` does both by itself.\n\n" +
		examples("latchkey session end --all")
}

// Run ends all sessions and deletes all one-time tokens.
func (c *sessionEnd) Run(ctx context.Context, std stdio) error {
	if !c.All {
		return settingsError{errors.New("use --all; `latchkey user sign-out` ends the sessions of one user")}
	}
	return withDatabase(ctx, c.Database, func(ctx context.Context, db database) error {
		ended, err := endAllSessions(ctx, db, time.Now())
		if err == nil {
			_, _ = fmt.Fprintf(std.out, "%s ended, %s deleted\n", count(ended.sessions, "session"), count(ended.tokens, "one-time token"))
		}
		return err
	})
}

// ended is how much endAllSessions ended.
type ended struct{ sessions, tokens int }

// endAllSessions ends all sessions, deletes all one-time tokens and records that. It works in batches,
// which each are one transaction; if it fails, it can be repeated.
func endAllSessions(ctx context.Context, db database, now time.Time) (e ended, err error) {
	now = now.UTC().Truncate(time.Second)
	e.sessions, err = batches(ctx, func(limit int) (int, error) {
		return db.RevokeAllSessions(ctx, oauth.EndedByAdmin, now, limit)
	})
	if err != nil {
		return e, err
	}
	afterAll := now.AddDate(1000, 0, 0)
	e.tokens, err = batches(ctx, func(limit int) (int, error) { return db.PurgeOneTimeTokens(ctx, afterAll, limit) })
	if err != nil {
		return e, err
	}
	return e, db.AppendEvent(ctx, audit.New(ctx, now, audit.SessionsEnded, "", "").Because(oauth.EndedByAdmin))
}

// batches calls work until it did less than its limit, and returns the sum.
func batches(ctx context.Context, work func(limit int) (int, error)) (sum int, err error) {
	for ctx.Err() == nil {
		n, err := work(purgeBatch)
		sum += n
		if err != nil || n < purgeBatch {
			return sum, err
		}
	}
	return sum, ctx.Err()
}

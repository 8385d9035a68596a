package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/config"
)

type migrateAccept struct {
	config.Database `embed:"" group:"Database"`
}

func (*migrateAccept) Help() string {
	return "Latchkey refuses to start if the database is missing, is another one, or has fewer changes than its state file recorded. " +
		"If you have no backup to restore, or replaced the database on purpose, this command records the database as it is now.\n\n" +
		examples("latchkey migrate accept")
}

// Run migrates the database without comparing it with its state file, and records it there.
func (c *migrateAccept) Run(ctx context.Context, std stdio) error {
	if err := requireDatabase(&c.Database); errors.Is(err, errNoDatabase) {
		return err // nothing was lost: this is the wrong directory
	}
	return withOpen(ctx, &c.Database, openDatabase, func(db database) error {
		if c.StateFile == "" {
			return settingsError{errors.New("LATCHKEY_STATE_FILE is not set: nothing was recorded of this database")}
		}
		if _, err := db.Up(ctx); err != nil {
			return err
		}
		users, _, err := db.ListUsers(ctx, account.Query{Limit: 1})
		if err != nil {
			return err
		}
		instance, err := acceptState(ctx, c.Database, db)
		if err != nil {
			return err
		}
		c.report(std, instance.ID, len(users) > 0)
		return nil
	})
}

// report prints which database was accepted.
func (c *migrateAccept) report(std stdio, id string, users bool) {
	where := ""
	if path := c.SQLitePath(); path != "" {
		where = " in " + path
	}
	found := "has users"
	if !users {
		found = "has no users"
	}
	_, _ = fmt.Fprintf(std.out, "accepted the database %s%s, which %s\n", id, where, found)
}

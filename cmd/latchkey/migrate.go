package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/store/sqlite"
	"github.com/latchkey-auth/latchkey/migrations"
)

type migrateCommands struct {
	Up     migrateUp     `cmd:"" help:"Apply all pending migrations"`
	Down   migrateDown   `cmd:"" help:"Roll back the last migration and delete the data in what it created"`
	Accept migrateAccept `cmd:"" help:"Go on with a database that has lost data or is another one"`
	Status migrateStatus `cmd:"" help:"List all migrations and when they were applied"`
	Adopt  migrateAdopt  `cmd:"" help:"Take over the users and roles of the Full Stack Book tutorial (PostgreSQL)"`
}

type migrateUp struct {
	config.Database `embed:"" group:"Database"`
}

func (*migrateUp) Help() string {
	return "Every command that opens the database does this first, except the other `migrate` commands.\n\n" +
		examples("latchkey migrate up")
}

// Run applies all pending migrations.
func (c *migrateUp) Run(ctx context.Context, std stdio) error {
	return withSchema(ctx, c.Database, func(db schema) error {
		applied, err := db.Up(ctx)
		if err == nil {
			_, _ = fmt.Fprintln(std.out, count(applied, "migration"), "applied")
		}
		return err
	})
}

type migrateDown struct {
	config.Database `embed:"" group:"Database"`
	confirmation    `embed:""`
}

func (*migrateDown) Help() string {
	return "Stop the service first, and start the older version afterwards: this version would apply the migration again. A SQLite database " +
		"that is being served is refused. Asks for confirmation first.\n\n" +
		examples("latchkey migrate down", "latchkey migrate down --yes")
}

// Run rolls the last migration back, after a confirmation.
func (c *migrateDown) Run(ctx context.Context, std stdio) error {
	return withoutService(c.Database, func() error {
		return withOpen(ctx, &c.Database, openDatabase, func(db database) error {
			if err := c.ask(ctx, std, db); err != nil {
				return err
			}
			if err := db.Down(ctx); err != nil {
				return err
			}
			_, _ = fmt.Fprintln(std.out, "1 migration rolled back")
			return forgetState(ctx, c.Database, db)
		})
	})
}

// ask asks for confirmation, unless there is nothing to roll back.
func (c *migrateDown) ask(ctx context.Context, std stdio, db schema) error {
	all, err := db.Status(ctx)
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(all) {
		if !m.AppliedAt.IsZero() {
			return c.confirm(std, fmt.Sprintf("Roll back migration %s and permanently delete the data in the tables and columns that it added?", m.Name))
		}
	}
	return nil
}

// withoutService runs work while no service can use a SQLite database. A PostgreSQL database has no such lock.
func withoutService(settings config.Database, work func() error) error {
	if err := requireDatabase(&settings); err != nil {
		return err
	}
	path := settings.SQLitePath()
	if path == "" {
		return work()
	}
	lock, err := sqlite.LockService(path)
	if err != nil {
		return err
	}
	return errors.Join(work(), lock.Release())
}

type migrateStatus struct {
	config.Database `embed:"" group:"Database"`
}

func (*migrateStatus) Help() string {
	return "The last line says which versions of Latchkey may run on the schema. A version is known by its newest migration, which the command " +
		"shows for the version that runs it.\n\n" +
		examples("latchkey migrate status")
}

var migrationView = listView[migrations.Status]{
	header: []any{"VERSION", "NAME", "APPLIED"},
	cells: func(m migrations.Status) []any {
		applied := "no"
		if !m.AppliedAt.IsZero() {
			applied = timestamp(m.AppliedAt)
		}
		return []any{m.Version, m.Name, applied}
	},
}

// Run lists all migrations, and says which programs may run on the schema. It fails if this one may not.
func (c *migrateStatus) Run(ctx context.Context, std stdio) error {
	if err := requireDatabase(&c.Database); err != nil {
		return err
	}
	return withSchema(ctx, c.Database, func(db schema) error {
		if err := migrationView.print(std.out, listFormat{}, sequence(db.Status(ctx))); err != nil {
			return err
		}
		c, err := db.Compatibility(ctx)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(std.out, "\nthis program: version %s, knows migration %d\n", version, c.Program)
		if c.Schema == 0 {
			return nil
		}
		_, _ = fmt.Fprintf(std.out, "the schema: migration %d, for programs that know migration %d or later\n", c.Schema, c.Oldest)
		return c.Check()
	})
}

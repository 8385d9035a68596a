package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/latchkey-auth/latchkey/internal/config"
)

type migrateCommands struct {
	Up     migrateUp     `cmd:"" help:"Apply all migrations that are missing."`
	Down   migrateDown   `cmd:"" help:"Take the last migration back. Data in what it made is lost."`
	Status migrateStatus `cmd:"" help:"List the migrations."`
}

type migrateUp struct {
	config.Database `embed:""`
}

// Run applies what is missing.
func (c *migrateUp) Run(ctx context.Context, io streams) error {
	return withSchema(ctx, c.Database, func(db database) error {
		applied, err := db.Up(ctx)
		if err == nil {
			_, _ = fmt.Fprintf(io.out, "%d migrations applied\n", applied)
		}
		return err
	})
}

type migrateDown struct {
	config.Database `embed:""`
}

// Run takes one migration back.
func (c *migrateDown) Run(ctx context.Context, io streams) error {
	return withSchema(ctx, c.Database, func(db database) error {
		err := db.Down(ctx)
		if err == nil {
			_, _ = fmt.Fprintln(io.out, "1 migration taken back")
		}
		return err
	})
}

type migrateStatus struct {
	config.Database `embed:""`
}

// Run lists the migrations.
func (c *migrateStatus) Run(ctx context.Context, io streams) error {
	return withSchema(ctx, c.Database, func(db database) error {
		all, err := db.Status(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "VERSION\tNAME\tAPPLIED")
		for _, m := range all {
			applied := "no"
			if !m.AppliedAt.IsZero() {
				applied = m.AppliedAt.UTC().Format(time.RFC3339)
			}
			_, _ = fmt.Fprintf(table, "%d\t%s\t%s\n", m.Version, m.Name, applied)
		}
		return table.Flush()
	})
}

// withSchema runs a command on the checked database as it is.
func withSchema(ctx context.Context, settings config.Database, work func(db database) error) error {
	if err := settings.Resolve(); err != nil {
		return settingsError{err}
	}
	db, err := openDatabase(ctx, settings)
	if err != nil {
		return err
	}
	return errors.Join(work(db), db.Close())
}

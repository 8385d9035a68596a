package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store/postgres"
)

type migrateAdopt struct {
	config.Database `embed:"" group:"Database"`

	From   string `placeholder:"URL" help:"Copy from the database of this postgres:// URL and leave it unchanged. Select a schema with search_path. Keep the password out of the URL: set PGPASSWORD or use ~/.pgpass."`
	DryRun bool   `help:"Check everything and change nothing."`
	Strict bool   `help:"Change nothing if there is a problem with any user."`
}

func (*migrateAdopt) Help() string {
	return "Finds the tables users, roles and users_to_roles of the Full Stack Book tutorial, which have sequential ids, in the schemas of " +
		"the search_path of the database, and copies their users and roles. Needs PostgreSQL. Passwords keep working. Roles keep their users; " +
		"a role that Latchkey does not know is created without scopes, and a name such as editor becomes ROLE_EDITOR. The users of ROLE_ADMIN " +
		"can administer Latchkey.\n\n" +
		"Latchkey's tables have the same names. If the tutorial's tables are in the schema that Latchkey uses, they are renamed to " +
		"tutorial_users, tutorial_roles and tutorial_users_to_roles: stop the tutorial's application first. They keep their rows, and foreign " +
		"keys to them stay valid. The table adopted_users maps each old id (old_id) to the new one (user_id).\n\n" +
		"A user with an invalid or taken username or email address, or with an unsupported password hash, is reported by id, and the others " +
		"are adopted. You can run the command again at any time, also after an interruption: it adopts whoever is missing, and no one twice.\n\n" +
		examples(
			"latchkey migrate adopt --dry-run",
			"latchkey migrate adopt --strict",
			"latchkey migrate adopt --from 'postgres://reader@db.example.com/tutorial?sslmode=verify-full'",
			"latchkey migrate adopt --from 'postgres://localhost/app?search_path=old'",
		)
}

// Run adopts the users. It returns an error if any user was not adopted.
func (c *migrateAdopt) Run(ctx context.Context, std stdio) error {
	if err := c.Resolve(); err != nil {
		return settingsError{err}
	}
	if c.SQLitePath() != "" {
		return settingsError{errors.New("adopting needs PostgreSQL: set LATCHKEY_DATABASE_URL to a postgres:// URL")}
	}
	ctx = audit.ByOperator(ctx)
	return withOpen(ctx, &c.Database, openDatabase, func(db database) error {
		target, _ := db.(*postgres.Store) // as checked above
		return c.withSource(ctx, target, func(source *postgres.Store) error {
			tables, err := source.FindTutorial(ctx)
			if errors.Is(err, fault.ErrNotFound) {
				return errors.New("the tutorial's tables are not there: expected users (id, username, email, password), roles (id, name) and " +
					"users_to_roles (user_id, role_id) with integer ids; use --from to name another database or schema")
			}
			if err != nil {
				return err
			}
			tables.InPlace = tables.InPlace && c.From == ""
			a := &adoption{source: source, target: target, tables: tables, std: std, minPassword: c.MinPassword}
			return c.adopt(ctx, a)
		})
	})
}

// adopt shows what is found, checks it and stores it, as far as the flags say.
func (c *migrateAdopt) adopt(ctx context.Context, a *adoption) error {
	if err := a.show(ctx); err != nil {
		return err
	}
	if c.DryRun || c.Strict {
		checked, err := a.check(ctx)
		if err != nil {
			return err
		}
		if c.DryRun {
			return checked.finish("would be adopted")
		}
		if checked.failed > 0 {
			return fmt.Errorf("nothing was changed: there is a problem with %s", count(checked.failed, "user"))
		}
	}
	stored, err := a.store(ctx)
	if err != nil {
		return errors.New("the adoption stopped early; run the same command again to continue: " + err.Error())
	}
	return stored.finish("adopted")
}

// withSource runs work with the database that has the tutorial's tables.
func (c *migrateAdopt) withSource(ctx context.Context, target *postgres.Store, work func(*postgres.Store) error) error {
	if c.From == "" {
		return work(target)
	}
	from := config.Database{URL: c.From, Insecure: c.Insecure, MinPassword: c.MinPassword}
	err := from.Resolve()
	if err == nil && from.SQLitePath() != "" {
		err = errors.New("LATCHKEY_DATABASE_URL: must begin with postgres://")
	}
	if err != nil {
		return settingsError{errors.New(strings.ReplaceAll(err.Error(), "LATCHKEY_DATABASE_URL", "--from"))}
	}
	source, err := postgres.Open(ctx, from.URL, postgres.Options{})
	if err != nil {
		return fmt.Errorf("%w; check --from", err)
	}
	return errors.Join(work(source), source.Close())
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/latchkey-auth/latchkey/internal/config"
	"github.com/latchkey-auth/latchkey/internal/store/sqlite"
)

// standardStream stands for standard input or output in place of a file.
const standardStream = "-"

// errNotSQLite is the error of the commands that copy the one file of SQLite.
var errNotSQLite = settingsError{errors.New("this command is for SQLite: back up PostgreSQL with its own tools, pg_dump or " +
	"pg_basebackup with WAL archiving, and run `latchkey session end --all` after a restore (see docs/backup.md)")}

type backupCommand struct {
	config.Database `embed:"" group:"Database"`

	File  string `arg:"" help:"File to write, or - for standard output."`
	Force bool   `help:"Replace the file if it exists."`
}

func (*backupCommand) Help() string {
	return "The service may be running. The copy is consistent, checked, and readable only by you. It does not contain the master secret, " +
		"without which it cannot be restored: back that up, too, and keep it elsewhere.\n\n" +
		examples("latchkey backup latchkey-2026-03-01.db", "latchkey backup - | gzip > latchkey.db.gz")
}

// Run writes the copy to a temporary file, checks it, and gives it its name.
func (c *backupCommand) Run(ctx context.Context, std stdio) error {
	if err := c.check(); err != nil {
		return err
	}
	dir := filepath.Dir(c.File)
	if c.File == standardStream {
		dir = filepath.Dir(c.SQLitePath())
	}
	return withDatabase(ctx, c.Database, func(ctx context.Context, db database) error {
		return withCopy(ctx, dir, db, func(path string) error {
			if c.File == standardStream {
				return writeFileTo(std.out, path)
			}
			if err := os.Rename(path, c.File); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(std.err, "Wrote %s. Keep the master secret with your other secrets: the backup is useless without it.\n", c.File)
			return syncDir(dir)
		})
	})
}

// check returns an error if there is nothing to back up or the file is in the way.
func (c *backupCommand) check() error {
	if err := c.Resolve(); err != nil {
		return settingsError{err}
	}
	path := c.SQLitePath()
	if path == "" {
		return errNotSQLite
	}
	source, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no database %s; check LATCHKEY_DATABASE_URL and LATCHKEY_DATA_DIR", path)
	}
	if err != nil || c.File == standardStream {
		return err
	}
	target, err := os.Stat(c.File)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case os.SameFile(source, target):
		return fmt.Errorf("%s is the database itself", c.File)
	case !target.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", c.File)
	case !c.Force:
		return fmt.Errorf("%s exists; use --force to replace it", c.File)
	}
	return nil
}

// withCopy calls use with a complete copy of the database in dir, and removes what use leaves of it.
func withCopy(ctx context.Context, dir string, db database, use func(path string) error) error {
	file, ok := db.(*sqlite.Store)
	if !ok {
		return errNotSQLite
	}
	temp, err := os.MkdirTemp(dir, ".latchkey-backup-*") // mode 0700
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	path := filepath.Join(temp, "latchkey.db")
	if err := createPrivate(path); err != nil {
		return err
	}
	if err := file.CopyTo(ctx, path); err != nil {
		return err
	}
	return use(path)
}

// createPrivate creates an empty file that only its owner can read.
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // made from the operator's path
	if err != nil {
		return err
	}
	return file.Close()
}

func writeFileTo(w io.Writer, path string) error {
	file, err := os.Open(path) //nolint:gosec // a file of ours
	if err != nil {
		return err
	}
	_, err = io.Copy(w, file)
	return errors.Join(err, file.Close())
}

// syncDir waits until the names in a directory are on disk.
func syncDir(path string) error {
	dir, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	_ = dir.Sync() // not every system can do this
	return dir.Close()
}

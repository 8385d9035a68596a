package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/store"
	"github.com/latchkey-auth/latchkey/internal/store/sqlite"
)

type restoreCommand struct {
	secretSettings `embed:""`

	File         string `arg:"" help:"Backup to restore, or - for standard input."`
	KeepSessions bool   `help:"Keep the sessions and one-time tokens of the backup. By default they are ended, because some of them have been ended since."`
}

func (*restoreCommand) Help() string {
	return "Stop the service first. The backup is checked before anything changes: that it is complete, that this program knows its schema, and that " +
		"the master secret opens its signing keys. The present database is kept as FILE.before-restore-TIME.\n\n" +
		examples("latchkey restore latchkey-2026-03-01.db", "gunzip < latchkey.db.gz | latchkey restore -")
}

// Run prepares the backup beside the database and then puts it in its place.
func (c *restoreCommand) Run(ctx context.Context, std stdio) (err error) {
	if err := c.resolve(); err != nil {
		return err
	}
	if err := makePrivateDir(filepath.Dir(c.SQLitePath())); err != nil {
		return err
	}
	// 1. Nobody else may serve or restore this database.
	isNew, err := sqlite.IsEmpty(c.SQLitePath())
	if err != nil {
		return err
	}
	lock, err := sqlite.LockService(c.SQLitePath())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.unlock(lock, isNew && err != nil)) }()
	path, err := filepath.EvalSymlinks(c.SQLitePath())
	if err != nil {
		return err
	}
	// 2. Copy the backup, check it and end its sessions.
	dir, err := os.MkdirTemp(filepath.Dir(path), ".latchkey-restore-*") // mode 0700
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	restored := filepath.Join(dir, "latchkey.db")
	if err := copyBackup(c.File, std.in, restored); err != nil {
		return err
	}
	report, state, err := c.prepare(audit.ByOperator(ctx), restored)
	if err != nil {
		return fmt.Errorf("the backup was not restored: %w", err)
	}
	// 3. Put it in the place of the database, together with its state file.
	kept, err := replaceDatabase(ctx, path, restored, isNew)
	if err != nil {
		return err
	}
	if err := state.Write(c.StateFile); err != nil {
		return fmt.Errorf("the database was restored, but not its state file: %w; run `latchkey migrate accept`", err)
	}
	_, _ = fmt.Fprintln(std.out, report)
	if kept != "" {
		_, _ = fmt.Fprintf(std.err, "The previous database is kept as %s. Delete it once you do not need it.\n", kept)
	}
	return syncDir(filepath.Dir(path))
}

// resolve checks the settings.
func (c *restoreCommand) resolve() error {
	if err := c.Resolve(); err != nil {
		return settingsError{err}
	}
	if c.SQLitePath() == "" {
		return errNotSQLite
	}
	if err := c.SecretSettings.Resolve(c.DataDir); err != nil {
		return settingsError{err}
	}
	return nil
}

// Resolve checks the settings of the database; those of the secret have a method of the same name.
func (c *restoreCommand) Resolve() error { return c.Database.Resolve() }

// unlock releases the lock. If there was no database and none was restored, it removes the empty file.
func (c *restoreCommand) unlock(lock *sqlite.ServiceLock, remove bool) error {
	var err error
	if remove {
		err = os.Remove(c.SQLitePath())
	}
	return errors.Join(err, lock.Release())
}

// copyBackup copies a backup to a file that only its owner can read. The log of a file that was copied
// while its service ran is copied with it.
func copyBackup(from string, stdin io.Reader, to string) error {
	if from == standardStream {
		return copyTo(to, stdin)
	}
	if err := copyFile(to, from); err != nil {
		return err
	}
	err := copyFile(to+"-wal", from+"-wal")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func copyFile(to, from string) error {
	source, err := os.Open(from) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	return errors.Join(copyTo(to, source), source.Close())
}

func copyTo(path string, from io.Reader) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // made from the operator's path
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Sync(), file.Close())
}

// prepare checks a copy of the backup, migrates it, ends its sessions and records what was done in its
// audit log. It returns a line for the operator, and the state of the database.
func (c *restoreCommand) prepare(ctx context.Context, path string) (report string, state store.State, err error) {
	if empty, err := sqlite.IsEmpty(path); err != nil || empty {
		return "", state, cmp.Or(err, errors.New("it is empty"))
	}
	db, err := sqlite.Open(ctx, path)
	if err != nil {
		return "", state, err
	}
	defer func() { err = errors.Join(err, db.CloseAlone(ctx)) }()
	if err := c.checkBackup(ctx, db); err != nil {
		return "", state, err
	}
	report, err = c.endSessions(ctx, db, time.Now())
	if err != nil {
		return "", state, err
	}
	instance, err := db.Instance(ctx)
	return report, store.State{InstanceID: instance.ID, Changes: instance.Changes, At: time.Now().UTC().Truncate(time.Second)}, err
}

// endSessions ends what the operator does not want to keep, and records the restore.
func (c *restoreCommand) endSessions(ctx context.Context, db database, now time.Time) (report string, err error) {
	report, reason := "restored; the sessions of the backup go on", "sessions_kept"
	if !c.KeepSessions {
		e, err := endAllSessions(ctx, db, now)
		if err != nil {
			return "", err
		}
		report = fmt.Sprintf("restored; %s ended, %s deleted", count(e.sessions, "session"), count(e.tokens, "one-time token"))
		reason = "sessions_ended"
	}
	return report, db.AppendEvent(ctx, audit.New(ctx, now, audit.DatabaseRestored, filepath.Base(c.File), "").Because(reason))
}

// checkBackup returns an error unless the database is whole, is one of Latchkey that this program knows,
// and has signing keys that the master secret opens.
func (c *restoreCommand) checkBackup(ctx context.Context, db *sqlite.Store) error {
	if err := db.FullCheck(ctx); err != nil {
		return err
	}
	known, err := db.HasSchema(ctx)
	if err != nil {
		return err
	}
	if !known {
		return errors.New("it is not a database of Latchkey")
	}
	if _, err := db.Up(ctx); err != nil {
		return err
	}
	_, err = openKeys(ctx, db, c.Secrets)
	return err
}

// replaceDatabase gives the restored file the name of the database, and keeps the present one under the
// name that it returns. At no moment is there no file, of which a service would make a new database.
func replaceDatabase(ctx context.Context, path, restored string, isNew bool) (kept string, err error) {
	if !isNew {
		if kept, err = keepDatabase(ctx, path); err != nil {
			return "", err
		}
	}
	return kept, os.Rename(restored, path)
}

// keepDatabase gives the present database a second name. Its log is moved, because SQLite would apply
// it to the restored file.
func keepDatabase(ctx context.Context, path string) (kept string, err error) {
	if err := sqlite.Settle(ctx, path); err != nil {
		return "", err
	}
	kept = path + ".before-restore-" + time.Now().UTC().Format("20060102T150405.000Z") // two may be restored in a second
	if err := os.Link(path, kept); err != nil {
		return "", fmt.Errorf("the present database cannot be kept: %w", err)
	}
	for _, suffix := range []string{"-wal", "-shm"} { // left by a database that is damaged
		if err := os.Rename(path+suffix, kept+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return kept, nil
}

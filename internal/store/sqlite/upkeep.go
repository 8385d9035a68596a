package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

// Checkpoint copies what is in the write-ahead log into the main file. It waits for nobody: what others
// are reading or writing remains in the log. Without it, all data of a young database is in the log,
// and a copy of the main file alone has none.
func (s *Store) Checkpoint(ctx context.Context) error {
	_, err := s.reader.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`)
	return translate(ctx, err)
}

// errDamaged is the error of a file that SQLite cannot read, or in which it finds contradictions.
var errDamaged = errors.New("the check of its integrity failed")

// IsDamaged reports whether err means that the content of the file is damaged.
func IsDamaged(err error) bool {
	c := primaryCode(err)
	return errors.Is(err, errDamaged) || c == sqlite3.SQLITE_CORRUPT || c == sqlite3.SQLITE_NOTADB
}

// QuickCheck reads the whole database and returns an error that IsDamaged if it is inconsistent. It
// does not compare the indexes with their tables.
func (s *Store) QuickCheck(ctx context.Context) error { return s.check(ctx, `PRAGMA quick_check(3)`) }

// FullCheck is QuickCheck that compares the indexes with their tables as well, and follows references.
func (s *Store) FullCheck(ctx context.Context) error {
	if err := s.check(ctx, `PRAGMA integrity_check(3)`); err != nil {
		return err
	}
	dangling, err := queryAll(ctx, s.reader, scanValue[string], `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`)
	if err != nil {
		return checkError(err)
	}
	if len(dangling) > 0 {
		return fmt.Errorf("%w: the table %s refers to rows that do not exist", errDamaged, dangling[0])
	}
	return nil
}

func (s *Store) check(ctx context.Context, pragma string) error {
	found, err := queryAll(ctx, s.reader, scanValue[string], pragma)
	if err != nil {
		return checkError(err)
	}
	if len(found) == 1 && found[0] == "ok" {
		return nil
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.Join(found, "\n"), "*** in database main ***\n"), "\n")
	return fmt.Errorf("%w: %s", errDamaged, first)
}

// checkError says that a check failed if the damage kept it from being made.
func checkError(err error) error {
	if IsDamaged(err) {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return err
}

// CopyTo writes a consistent copy of the database to a file, which must be empty or not exist, while
// others read and write. The copy is complete in its one file, and is checked and on disk on return.
func (s *Store) CopyTo(ctx context.Context, path string) error {
	if _, err := s.writer.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return translate(ctx, err)
	}
	copied, err := Open(ctx, path)
	if err != nil {
		return err
	}
	if err := errors.Join(copied.FullCheck(ctx), copied.CloseAlone(ctx)); err != nil {
		return err
	}
	return syncFile(path)
}

// CloseAlone closes the file as its only user, with everything in the main file and no other file
// beside it except that of the migration lock. It returns ErrInUse if another process has the file open.
func (s *Store) CloseAlone(ctx context.Context) error {
	_ = s.closeReaders()
	mode, err := queryOne(ctx, s.writer, scanValue[string], `PRAGMA journal_mode = DELETE`)
	if err == nil && mode != "delete" {
		err = ErrInUse
	}
	if isBusy(err) {
		err = ErrInUse
	}
	return errors.Join(err, s.closeWriter())
}

// ErrInUse is returned by CloseAlone.
var ErrInUse = errors.New("another process has the database open")

// Unclean reports whether the file at a path was not closed by its last user, because its write-ahead
// log is still there.
func Unclean(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() > 0
}

// syncFile waits until the content of a file is on disk.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the operator chooses the path
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Settle brings the file at a path into the state in which a program that ended normally leaves it, so
// that its content is in one file. It returns ErrInUse if another process has the file open. A damaged
// file is left as it is.
func Settle(ctx context.Context, path string) error {
	s, err := Open(ctx, path)
	if err == nil {
		err = s.CloseAlone(ctx)
	}
	if IsDamaged(err) {
		return nil
	}
	return err
}

// HasSchema reports whether the file is a database that Latchkey has migrated before.
func (s *Store) HasSchema(ctx context.Context) (bool, error) {
	return queryOne(ctx, s.reader, scanValue[bool],
		`SELECT count(*) = 2 FROM sqlite_schema WHERE name IN ('goose_db_version', 'signing_keys')`)
}

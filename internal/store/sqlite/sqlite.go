package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	_ "modernc.org/sqlite" // the driver called sqlite

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/throttle"
	"github.com/latchkey-auth/latchkey/migrations"
)

// Store keeps everything in one file.
type Store struct {
	writer *sql.DB // one connection
	reader *sql.DB // several, which cannot write
	path   string
	steps  fs.FS
}

var (
	_ account.Store      = (*Store)(nil)
	_ oauth.SessionStore = (*Store)(nil)
	_ oauth.ClientStore  = (*Store)(nil)
	_ oauth.KeyStore     = (*Store)(nil)
	_ outbox.Store       = (*Store)(nil)
	_ hook.Store         = (*Store)(nil)
	_ throttle.Store     = (*Store)(nil)
)

// Open opens the file, or makes an empty one that only its owner can read. It does not look at the
// schema: Up makes it.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := touch(path); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	s := &Store{path: path, steps: migrations.SQLite}
	if s.writer, err = sql.Open("sqlite", dsn(path, writerSettings)); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	s.writer.SetMaxOpenConns(1)
	if s.reader, err = sql.Open("sqlite", dsn(path, readerSettings)); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), s.writer.Close())
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers)
	// Turning a new file into a WAL one is not safe against another process that does the same.
	err = s.locked(ctx, func() error { return s.writer.PingContext(ctx) })
	if err == nil {
		err = s.Ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: cannot open %s: %w", path, translate(ctx, err)), s.Close())
	}
	return s, nil
}

// Close closes the file.
func (s *Store) Close() error { return errors.Join(s.reader.Close(), s.writer.Close()) }

// Ping says whether the file can be read.
func (s *Store) Ping(ctx context.Context) error {
	_, err := one(ctx, s.reader, value[int], `SELECT count(*) FROM sqlite_schema`)
	return err
}

// The settings of every connection. Names and values that the driver does not know would be passed
// over in silence, so a test reads them back.
var (
	writerSettings = url.Values{
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"}, // a committed sign-up survives a power cut
		"_foreign_keys": {"on"},
		"_busy_timeout": {"5000"},
		"_txlock":       {"immediate"}, // a transaction that begins can also end
		"_dqs":          {"false"},     // a misspelt column is an error, not a text
		"_defensive":    {"true"},
	}
	readerSettings = url.Values{
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
		"_busy_timeout": {"5000"},
		"_query_only":   {"on"},
		"_dqs":          {"false"},
		"_defensive":    {"true"},
	}
)

// dsn makes a file: URI, so that no character of the path can be taken for a setting.
func dsn(path string, settings url.Values) string {
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: settings.Encode()}).String()
}

// touch makes an empty file with its directory, for the owner alone. SQLite gives the files it
// makes beside it the same mode.
func touch(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil { //nolint:gosec // the operator names the file
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	return f.Close()
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite" // also the driver named sqlite

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/statistics"
	"github.com/latchkey-auth/latchkey/internal/store"
	"github.com/latchkey-auth/latchkey/internal/store/snapshot"
	"github.com/latchkey-auth/latchkey/internal/throttle"
	"github.com/latchkey-auth/latchkey/migrations"
)

// Store is one SQLite file.
type Store struct {
	store.Migrator
	writer          *sql.DB // one connection
	reader          *sql.DB // several connections, which cannot write
	anchor          *sql.DB // one connection, which does nothing: see openAnchor
	reads           *statements
	writes          *writer
	writing         chan struct{} // held by the transaction that runs
	changes         changes       // of that transaction
	dataVersion     atomic.Int64  // of the writer's connection (PRAGMA data_version); -1: not asked yet
	async           bool          // commits of the writer do not wait for the disk, or may not; guarded by writing
	writeStatements *statements
	index           *walIndex // nil: nothing is remembered
	closeIndex      sync.Once
	sessions        *snapshot.Rows[fileVersion, store.PackedSession]
	clients         *snapshot.Rows[fileVersion, oauth.Client]
	users           *snapshot.Rows[fileVersion, store.PackedUser] // those whose sessions are rotated
	path            string
	migrationFiles  fs.FS
}

var (
	_ account.UserStore         = (*Store)(nil)
	_ account.RoleStore         = (*Store)(nil)
	_ account.OneTimeTokenStore = (*Store)(nil)
	_ oauth.ClientStore         = (*Store)(nil)
	_ oauth.SessionStore        = (*Store)(nil)
	_ oauth.EndedSessionStore   = (*Store)(nil)
	_ keyring.Store             = (*Store)(nil)
	_ audit.Store               = (*Store)(nil)
	_ outbox.Store              = (*Store)(nil)
	_ outbox.Monitor            = (*Store)(nil)
	_ hook.Store                = (*Store)(nil)
	_ statistics.Store          = (*Store)(nil)
	_ throttle.Store            = (*Store)(nil)
	_ store.Keeper              = (*Store)(nil)
)

// Open opens the file, or creates an empty one that only its owner can read. It does not touch the
// schema: call Up for that.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	path, err := resolve(path) // SQLite keeps its other files beside the target of a link
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	// A commit is just as durable, and does not wait for the times of the file. macOS and Windows have only fsync.
	_, _ = sqlite.Fdatasync(true)
	s := &Store{path: path, migrationFiles: migrations.SQLite}
	s.sessions = snapshot.NewRows[fileVersion, store.PackedSession](store.RememberedSessions)
	s.clients = snapshot.NewRows[fileVersion, oauth.Client](store.RememberedClients)
	s.users = snapshot.NewRows[fileVersion, store.PackedUser](store.RememberedUsers)
	s.Migrator = store.NewMigrator(s.withMigration)
	if s.writer, err = s.openWriter(); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if s.reader, err = sql.Open("sqlite", dsn(path, readerSettings)); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), s.writer.Close())
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers)
	s.reads, s.writeStatements = newStatements(s.reader), newStatements(s.writer)
	s.writes, s.writing = s.newWriter(), make(chan struct{}, 1)
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: cannot open %s: %w", path, translate(ctx, err)), s.Close())
	}
	return s, nil
}

// openWriter returns the pool of the one connection that writes.
func (s *Store) openWriter() (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn(s.path, writerSettings))
	if err != nil {
		return nil, err
	}
	s.changes.reset()
	db := sql.OpenDB(reportingConnector{connector, s.changes.report, func() { s.dataVersion.Store(-1) }})
	db.SetMaxOpenConns(1)
	return db, nil
}

// connect opens the first connections. The first one turns a new file into WAL mode, which two processes
// must not do at the same time.
func (s *Store) connect(ctx context.Context) error {
	if err := s.withFileLock(ctx, func() error { return s.writer.PingContext(ctx) }); err != nil {
		return err
	}
	if err := s.openAnchor(ctx); err != nil {
		return err
	}
	if index, err := openWALIndex(s.path); err == nil { // a file system that cannot have one has no WAL mode
		s.index = index
	}
	return s.Ping(ctx)
}

// openAnchor opens a connection that stays as long as the store. The last connection to a file that is closed removes its
// WAL index, and those of a pool may all be closed for a moment: then s.index would be that of a file that nobody uses.
func (s *Store) openAnchor(ctx context.Context) (err error) {
	if s.anchor, err = sql.Open("sqlite", dsn(s.path, readerSettings)); err != nil {
		return err
	}
	_, err = s.anchor.ExecContext(ctx, `SELECT count(*) FROM sqlite_schema`) // opens the index as well
	return err
}

// Close closes the file.
func (s *Store) Close() error {
	return errors.Join(s.closeReaders(), s.closeWriter())
}

// closeWriter closes the writer and the WAL index, which must come after all connections.
func (s *Store) closeWriter() (err error) {
	err = s.writer.Close()
	s.closeIndex.Do(func() { err = errors.Join(err, s.index.close()) })
	return err
}

func (s *Store) closeReaders() error {
	if s.anchor == nil {
		return s.reader.Close()
	}
	return errors.Join(s.reader.Close(), s.anchor.Close())
}

// Ping returns an error unless the file can be read.
func (s *Store) Ping(ctx context.Context) error {
	_, err := queryOne(ctx, s.reads, scanValue[int], `SELECT count(*) FROM sqlite_schema`)
	return err
}

// createFile creates an empty file and its directory, which only the owner can read, unless they exist.
// SQLite creates its other files with the same mode.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil { //nolint:gosec // the operator chooses the path
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator chooses the path
	if err != nil {
		return err
	}
	return f.Close()
}

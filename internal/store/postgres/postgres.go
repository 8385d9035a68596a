package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/throttle"
	"github.com/latchkey-auth/latchkey/migrations"
)

// Options are what may be chosen beside the URL. The zero value is right for most.
type Options struct {
	MaxConns int32 // most connections; 0: pool_max_conns of the URL, or 10
}

// Store keeps everything in one PostgreSQL database.
type Store struct {
	pool  *pgxpool.Pool
	steps fs.FS
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

// Open connects to the database that a postgres:// URL names; it may name several hosts. It does
// not look at the schema: Up makes it. An error is one line and never holds the password.
func Open(ctx context.Context, url string, opts Options) (*Store, error) {
	config, err := poolConfig(url)
	if err != nil {
		return nil, err
	}
	if opts.MaxConns > 0 {
		config.MaxConns = opts.MaxConns
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: make the pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, &unreachable{hosts: hosts(config.ConnConfig), cause: err}
	}
	return &Store{pool: pool, steps: migrations.Postgres}, nil
}

// Close waits for connections in use and closes them all. It never fails; the embedded engine's may.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error { return conn.Ping(ctx) })
}

// with lends a live connection for one statement or batch. A database that is away is noticed
// within acquireTimeout, however long ctx lives.
func (s *Store) with(ctx context.Context, do func(context.Context, *pgxpool.Conn) error) error {
	acquiring, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	conn, err := s.pool.Acquire(acquiring)
	if err != nil {
		return translate(err)
	}
	defer conn.Release()

	answering, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	err = do(answering, conn)
	if code(err) == readOnlyTransaction {
		s.pool.Reset() // connected to a primary that has been demoted; new connections find the new one
	}
	return translate(err)
}

// one gives the one row of a query, or ErrNotFound.
func one[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args ...any) (T, error) {
	rows, err := all(ctx, s, scan, sql, args...)
	if err == nil && len(rows) == 0 {
		err = account.ErrNotFound
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return rows[0], nil
}

// all gives the rows of a query.
func all[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	var found []T
	err := s.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, scan)
		return err
	})
	return found, err
}

// exec runs a statement and gives the number of rows that it touched.
func (s *Store) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	var tag pgconn.CommandTag
	err := s.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		tag, err = conn.Exec(ctx, sql, args...)
		return err
	})
	return tag.RowsAffected(), err
}

// execOne runs a statement that must touch a row, or answers ErrNotFound.
func (s *Store) execOne(ctx context.Context, sql string, args ...any) error {
	return found(s.exec(ctx, sql, args...))
}

// execBatch runs statements as one transaction and gives the number of rows that one of them touched.
// Each statement sees all that was committed before it began.
func (s *Store) execBatch(ctx context.Context, batch *pgx.Batch, decisive int) (rows int64, err error) {
	err = s.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		rows, err = send(ctx, conn, batch, decisive)
		return err
	})
	return rows, err
}

// sender is a connection or a transaction.
type sender interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// send runs a batch and gives the number of rows that one of its statements touched.
func send(ctx context.Context, conn sender, batch *pgx.Batch, decisive int) (rows int64, err error) {
	batch.QueuedQueries[decisive].Exec(func(tag pgconn.CommandTag) error {
		rows = tag.RowsAffected()
		return nil
	})
	return rows, conn.SendBatch(ctx, batch).Close()
}

// transact runs an act whose statements depend on what those before them have found: all that do does,
// or nothing.
func (s *Store) transact(ctx context.Context, do func(context.Context, pgx.Tx) error) error {
	return s.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return do(ctx, tx) })
	})
}

// found turns no rows into ErrNotFound.
func found(rows int64, err error) error {
	if err == nil && rows == 0 {
		return account.ErrNotFound
	}
	return err
}

// unreachable is the one line that Open answers when the database is away.
type unreachable struct {
	hosts string
	cause error
}

func (e *unreachable) Error() string {
	return fmt.Sprintf("postgres: cannot connect to %s: %s", e.hosts, reason(e.cause))
}

func (e *unreachable) Unwrap() []error { return []error{account.ErrUnavailable, e.cause} }

// reason is the heart of a connection error, without the lists that the driver puts around it.
func reason(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Message
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	line, _, _ := strings.Cut(root(err).Error(), "\n")
	return line
}

// root is the error that others wrap; of several, the one of the last host.
func root(err error) error {
	switch wrapped := err.(type) { //nolint:errorlint // this is the unwrapping
	case interface{ Unwrap() []error }:
		if all := wrapped.Unwrap(); len(all) > 0 {
			return root(all[len(all)-1])
		}
	case interface{ Unwrap() error }:
		if inner := wrapped.Unwrap(); inner != nil {
			return root(inner)
		}
	}
	return err
}

// whole is t as the store keeps it: UTC in whole seconds.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// wholeOrNull is whole, with the zero time as NULL.
func wholeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = whole(t)
	return &t
}

// utc gives back a time that may be NULL.
func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// list keeps nil out of the driver, which would store it as NULL.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

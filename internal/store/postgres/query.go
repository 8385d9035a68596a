package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// withConn calls do with a live connection, for one statement, batch or transaction. It fails in
// about a second if the database is down, and after FailFast if it does not answer, however late the
// deadline of ctx is.
func (s *Store) withConn(ctx context.Context, do func(context.Context, *pgxpool.Conn) error) error {
	ctx, stop := s.silence.watch(ctx)
	defer stop()
	err := s.withWatchedConn(ctx, do)
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		return fault.ErrUnavailable.Wrap(errSilent)
	}
	return err
}

func (s *Store) withWatchedConn(ctx context.Context, do func(context.Context, *pgxpool.Conn) error) error {
	acquireCtx, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	conn, err := s.pool.Acquire(acquireCtx)
	if err != nil {
		return translate(err)
	}
	defer conn.Release()

	queryCtx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err = do(queryCtx, conn)
	if code(err) == readOnlyTransaction {
		s.pool.Reset() // the primary has been demoted; new connections find the new one
	}
	return translate(err)
}

// queryOne returns the first row of a query, or ErrNotFound.
func queryOne[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args ...any) (T, error) {
	return store.First(queryAll(ctx, s, scan, sql, args...))
}

// queryAll returns the rows of a query.
func queryAll[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	var result []T
	err := s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		result, err = pgx.CollectRows(rows, scan)
		return err
	})
	return result, err
}

// queryEach scans the rows of a query into the same columns, and calls do after each.
func (s *Store) queryEach(ctx context.Context, columns []any, do func(), sql string, args ...any) error {
	return s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, columns, func() error { do(); return nil })
		return err
	})
}

// exec runs a statement and returns the number of rows that it affected.
func (s *Store) exec(ctx context.Context, sql string, args ...any) (int, error) {
	var tag pgconn.CommandTag
	err := s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		tag, err = conn.Exec(ctx, sql, args...)
		return err
	})
	return int(tag.RowsAffected()), err
}

// purge returns the statement that deletes the rows of a table whose time is before $1, at most $2 of them, the earliest
// first. ARRAY runs the subquery once. SKIP LOCKED leaves rows that another transaction uses to the next purge.
func purge(table, key, at string) string {
	return `DELETE FROM ` + table + ` WHERE ` + key + ` = ANY(ARRAY(
		SELECT ` + key + ` FROM ` + table + ` WHERE ` + at + ` < $1 ORDER BY ` + at + ` LIMIT $2 FOR UPDATE SKIP LOCKED))`
}

// execOne runs a statement and returns ErrNotFound if it affected no row.
func (s *Store) execOne(ctx context.Context, sql string, args ...any) error {
	return requireRows(s.exec(ctx, sql, args...))
}

// execBatch runs a batch in one transaction and returns the number of rows that the statement with an
// index affected. Each statement sees everything that was committed before it began.
func (s *Store) execBatch(ctx context.Context, batch *pgx.Batch, index int) (rows int, err error) {
	err = s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		rows, err = sendBatch(ctx, conn, batch, index)
		return err
	})
	return rows, err
}

// runBatch runs a batch whose statements read their own results.
func (s *Store) runBatch(ctx context.Context, batch *pgx.Batch) error {
	return s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error { return conn.SendBatch(ctx, batch).Close() })
}

// batchSender is a connection or a transaction.
type batchSender interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// sendBatch runs a batch and returns the number of rows that the statement with an index affected.
func sendBatch(ctx context.Context, sender batchSender, batch *pgx.Batch, index int) (rows int, err error) {
	batch.QueuedQueries[index].Exec(func(tag pgconn.CommandTag) error {
		rows = int(tag.RowsAffected())
		return nil
	})
	return rows, sender.SendBatch(ctx, batch).Close()
}

// inTx runs do in a transaction, for statements that depend on the results of earlier ones.
func (s *Store) inTx(ctx context.Context, do func(context.Context, pgx.Tx) error) error {
	return s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return do(ctx, tx) })
	})
}

// requireRows returns ErrNotFound if a statement affected no row.
func requireRows(rows int, err error) error {
	if err == nil && rows == 0 {
		return fault.ErrNotFound
	}
	return err
}

// leadingColumns and trailingColumns let two scan functions share a row: the first reads its columns
// from the beginning, the second reads its columns at the end.
type (
	leadingColumns  struct{ pgx.CollectableRow }
	trailingColumns struct{ pgx.CollectableRow }
)

// Scan reads the first columns of the row.
func (r leadingColumns) Scan(dest ...any) error {
	return r.CollectableRow.Scan(append(dest, make([]any, len(r.FieldDescriptions())-len(dest))...)...)
}

// Scan reads the last columns of the row.
func (r trailingColumns) Scan(dest ...any) error {
	return r.CollectableRow.Scan(append(make([]any, len(r.FieldDescriptions())-len(dest)), dest...)...)
}

package sqlite

import (
	"context"
	"database/sql"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// row is what a scan function reads: *sql.Rows.
type row interface {
	Columns() ([]string, error)
	Scan(dest ...any) error
}

// querier is *sql.DB, *statements or *writeTx.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// queryOne returns the first row of a query, or ErrNotFound.
func queryOne[T any](ctx context.Context, q querier, scan func(row) (T, error), query string, args ...any) (T, error) {
	return store.First(queryAll(ctx, q, scan, query, args...))
}

// queryAll returns the rows of a query.
func queryAll[T any](ctx context.Context, q querier, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, translate(ctx, err)
	}
	defer rows.Close()
	result := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, translate(ctx, err)
		}
		result = append(result, v)
	}
	return result, translate(ctx, rows.Err())
}

// scanValue scans a row of one column.
func scanValue[T any](r row) (T, error) {
	var v T
	err := r.Scan(&v)
	return v, err
}

// execTx runs a statement and returns the number of rows that it affected.
func execTx(ctx context.Context, tx *writeTx, query string, args ...any) (int, error) {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// execOneTx runs a statement and returns ErrNotFound if it affected no row.
func execOneTx(ctx context.Context, tx *writeTx, query string, args ...any) error {
	if n, err := execTx(ctx, tx, query, args...); err != nil || n > 0 {
		return err
	}
	return fault.ErrNotFound
}

// requireTrue runs a query for one boolean and returns falseErr if it is false.
func requireTrue(ctx context.Context, tx *writeTx, falseErr error, query string, args ...any) error {
	ok, err := queryOne(ctx, tx, scanValue[bool], query, args...)
	if err == nil && !ok {
		return falseErr
	}
	return err
}

// exec runs one statement in a transaction and returns the number of rows that it affected. It is for
// what no request waits for, such as purges and statistics.
func (s *Store) exec(ctx context.Context, query string, args ...any) (rows int, err error) {
	err = s.inTxLater(ctx, func(tx *writeTx) (err error) {
		rows, err = execTx(ctx, tx, query, args...)
		return err
	})
	return rows, err
}

// purge returns the statement that deletes the rows of a table whose time is before ?1, at most ?2 of them, the earliest
// first.
func purge(table, key, at string) string {
	return `DELETE FROM ` + table + ` WHERE ` + key + ` IN (
		SELECT ` + key + ` FROM ` + table + ` WHERE ` + at + ` < ?1 ORDER BY ` + at + ` LIMIT ?2)`
}

// execOne runs one statement in a transaction and returns ErrNotFound if it affected no row.
func (s *Store) execOne(ctx context.Context, query string, args ...any) error {
	return s.inTx(ctx, func(tx *writeTx) error { return execOneTx(ctx, tx, query, args...) })
}

// execOneRecorded is execOne for a change, whose event and jobs it stores in the same transaction.
func (s *Store) execOneRecorded(ctx context.Context, change audit.Change, query string, args ...any) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		if err := execOneTx(ctx, tx, query, args...); err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

// leadingColumns and trailingColumns let two scan functions share a row: the first reads its columns
// from the beginning, the second reads its columns at the end.
type (
	leadingColumns  struct{ row }
	trailingColumns struct{ row }
)

// Scan reads the first columns of the row.
func (r leadingColumns) Scan(dest ...any) error {
	others, err := ignoredColumns(r.row, len(dest))
	if err != nil {
		return err
	}
	return r.row.Scan(append(dest, others...)...)
}

// Scan reads the last columns of the row.
func (r trailingColumns) Scan(dest ...any) error {
	others, err := ignoredColumns(r.row, len(dest))
	if err != nil {
		return err
	}
	return r.row.Scan(append(others, dest...)...)
}

// ignoredColumns returns destinations for the columns that are not read.
func ignoredColumns(r row, read int) ([]any, error) {
	columns, err := r.Columns()
	if err != nil {
		return nil, err
	}
	dest := make([]any, len(columns)-read)
	for i := range dest {
		dest[i] = new(any)
	}
	return dest, nil
}

package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// row is what a scan function reads: *sql.Rows.
type row interface {
	Columns() ([]string, error)
	Scan(dest ...any) error
}

// head and tail show as many columns of a row as are asked for, from its beginning or up to its end.
type (
	head struct{ row }
	tail struct{ row }
)

func (r head) Scan(dest ...any) error {
	others, err := skip(r.row, len(dest))
	if err != nil {
		return err
	}
	return r.row.Scan(append(dest, others...)...)
}

func (r tail) Scan(dest ...any) error {
	others, err := skip(r.row, len(dest))
	if err != nil {
		return err
	}
	return r.row.Scan(append(others, dest...)...)
}

// skip gives places for the columns that are not asked for.
func skip(r row, asked int) ([]any, error) {
	columns, err := r.Columns()
	if err != nil {
		return nil, err
	}
	places := make([]any, len(columns)-asked)
	for i := range places {
		places[i] = new(any)
	}
	return places, nil
}

// querier is *sql.DB or *sql.Tx.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// one gives the one row of a query, or ErrNotFound.
func one[T any](ctx context.Context, q querier, scan func(row) (T, error), query string, args ...any) (T, error) {
	rows, err := all(ctx, q, scan, query, args...)
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
func all[T any](ctx context.Context, q querier, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, translate(ctx, err)
	}
	defer rows.Close()
	found := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, translate(ctx, err)
		}
		found = append(found, v)
	}
	return found, translate(ctx, rows.Err())
}

// value scans a row of one column.
func value[T any](r row) (T, error) {
	var v T
	err := r.Scan(&v)
	return v, err
}

// write runs one atomic act: all that do does, or nothing.
func (s *Store) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return translate(ctx, err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do; before, the error of do matters
	if err := do(tx); err != nil {
		return translate(ctx, err)
	}
	return translate(ctx, tx.Commit())
}

// execOne runs a statement that must touch a row, or answers ErrNotFound.
func execOne(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return account.ErrNotFound
}

// writeOne runs one statement that must touch a row, or answers ErrNotFound.
func (s *Store) writeOne(ctx context.Context, query string, args ...any) error {
	return s.write(ctx, func(tx *sql.Tx) error { return execOne(ctx, tx, query, args...) })
}

// writeMany runs one statement and gives the number of rows that it touched.
func (s *Store) writeMany(ctx context.Context, query string, args ...any) (int, error) {
	var rows int64
	err := s.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		rows, err = result.RowsAffected()
		return err
	})
	return int(rows), err
}

// seconds is t as the store keeps it; utc gives it back.
func seconds(t time.Time) int64 { return t.Unix() }

func utc(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// secondsOrNull keeps the zero time as NULL; utcOrZero gives it back.
func secondsOrNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.Unix(), Valid: !t.IsZero()}
}

func utcOrZero(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return utc(n.Int64)
}

// textOrNull keeps the empty text as NULL.
func textOrNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// list is a JSON array in a text column.
type list []string

// array writes it; nil is the empty array.
func array(l list) string {
	if l == nil {
		l = list{}
	}
	text, _ := json.Marshal([]string(l)) // strings can always be marshalled
	return string(text)
}

// Scan reads it.
func (l *list) Scan(value any) error {
	text, _ := value.(string)
	return json.Unmarshal([]byte(text), (*[]string)(l))
}

// blob keeps nil out of the driver, which would store it as NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store/coalesce"
	"github.com/latchkey-auth/latchkey/internal/store/snapshot"
)

// With more flights of reads at once there are more, but smaller statements, which cost more in total.
const (
	readFlights = 1
	readBatch   = 128
)

// reads reads rows by their ids. Simultaneous calls share a statement. If all of its rows are remembered, the
// statement only tells whether its snapshot is still theirs.
type reads[R snapshot.Row[R]] struct {
	store      *Store
	group      *coalesce.Group[string, R]
	remembered *snapshot.Rows[string, R]
	statement  string // of ifNewer
	scan       pgx.RowToFunc[versioned[R]]
	id         func(R) string
	parameter  func(ids []string) any // of the statement
}

// readCall is a call in a batch.
type readCall[R any] = coalesce.Call[string, R]

// newReads returns reads with a query whose $1 is an array of ids, of which it remembers at most so many rows.
func newReads[R snapshot.Row[R]](s *Store, remembered int, query string, scan pgx.RowToFunc[R], id func(R) string, parameter func([]string) any) *reads[R] {
	r := &reads[R]{store: s, remembered: snapshot.NewRows[string, R](remembered), statement: ifNewer(query), scan: scanVersioned(scan), id: id, parameter: parameter}
	r.group = coalesce.New(coalesce.Options[string]{Flights: readFlights, Batch: readBatch}, r.batch, r.single)
	return r
}

// byID returns the row with an id. It is never older than the call.
func (r *reads[R]) byID(ctx context.Context, id string) (R, error) {
	row, err := r.group.Do(ctx, id)
	return row, translate(err)
}

func (r *reads[R]) single(ctx context.Context, id string) (R, error) {
	rows, err := r.byIDs(ctx, []string{id})
	if err != nil {
		var none R
		return none, err
	}
	return rowOrNotFound(rows[0])
}

// batch reads the rows of several calls. After an error of the statement, each call reads its own.
func (r *reads[R]) batch(calls []*readCall[R]) {
	ids := make([]string, len(calls))
	for i, c := range calls {
		ids[i] = c.In
	}
	rows, err := r.byIDs(context.Background(), ids)
	if err != nil {
		answerOutage(calls, err)
		return
	}
	for i, c := range calls {
		c.Answer(rowOrNotFound(rows[i]))
	}
}

// byIDs returns the row of each id, or nil where there is none.
func (r *reads[R]) byIDs(ctx context.Context, ids []string) ([]*R, error) {
	known, version := r.known(ids)
	rows, err := queryAll(ctx, r.store, r.scan, r.statement, r.parameter(ids), version)
	if err != nil || rows[0].version == version {
		return known, err
	}
	found := make(map[string]*R, len(rows))
	for _, row := range rows {
		if row.row != nil {
			found[r.id(*row.row)] = row.row
			r.remembered.Add(row.version, r.id(*row.row), *row.row)
		}
	}
	result := make([]*R, len(ids))
	for i, id := range ids {
		if row, ok := found[id]; ok {
			own := (*row).Clone()
			result[i] = &own
		}
	}
	return result, nil
}

// known returns the remembered rows and their snapshot, or an empty one unless it remembers all of them.
func (r *reads[R]) known(ids []string) (rows []*R, version string) {
	rows, version = make([]*R, len(ids)), r.remembered.Version()
	for i, id := range ids {
		row, ok := r.remembered.Find(version, id)
		if !ok {
			return nil, ""
		}
		rows[i] = &row
	}
	return rows, version
}

func rowOrNotFound[R any](row *R) (R, error) {
	if row == nil {
		var none R
		return none, fault.ErrNotFound
	}
	return *row, nil
}

// answerOutage answers calls with the error of their statement if the database did not respond to it, so that
// they do not all wait for it again.
func answerOutage[In, Out any](calls []*coalesce.Call[In, Out], err error) {
	if code(err) != "" {
		return
	}
	for _, c := range calls {
		var none Out
		c.Answer(none, err)
	}
}

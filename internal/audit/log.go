package audit

import (
	"context"
	"errors"
	"time"
)

// Query selects events, newest first.
type Query struct {
	Before  Position // the zero Position is the newest event
	UserID  string   // actor or target
	Action  Action
	Outcome Outcome
	Limit   int
}

// Position is the event after which a page begins.
type Position struct {
	At time.Time
	ID string
}

// Store stores events.
type Store interface {
	// AppendEvent stores an event that belongs to no change.
	AppendEvent(ctx context.Context, e Event) error
	// Events returns events by (At, ID), newest first.
	Events(ctx context.Context, q Query) ([]Event, error)
	// PurgeEvents deletes at most limit events older than before and returns their number.
	PurgeEvents(ctx context.Context, before time.Time, limit int) (int, error)
}

// Log reads and purges the stored events.
type Log struct {
	store Store
	now   func() time.Time
}

// NewLog returns the log of the events in a store.
func NewLog(store Store, now func() time.Time) (*Log, error) {
	if store == nil || now == nil {
		return nil, errors.New("audit: a log needs a store and a clock")
	}
	return &Log{store: store, now: now}, nil
}

// Page returns the events that q selects, newest first, and where the next page begins; nil on the
// last page.
func (l *Log) Page(ctx context.Context, q Query) ([]Event, *Position, error) {
	limit := q.Limit
	q.Limit++ // one more tells whether there is a next page
	events, err := l.store.Events(ctx, q)
	if err != nil || len(events) <= limit {
		return events, nil, err
	}
	last := events[limit-1]
	return events[:limit], &Position{At: last.At, ID: last.ID}, nil
}

// Purge deletes at most limit events older than retention and returns their number.
func (l *Log) Purge(ctx context.Context, retention time.Duration, limit int) (int, error) {
	return l.store.PurgeEvents(ctx, l.now().UTC().Truncate(time.Second).Add(-retention), limit)
}

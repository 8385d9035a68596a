package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

// AppendEvent implements audit.Log.
func (s *Store) AppendEvent(ctx context.Context, e audit.Event) error {
	return s.write(ctx, func(tx *sql.Tx) error { return keep(ctx, tx, audit.Note{Event: e}) })
}

// eventColumns are what scanEvent reads.
const eventColumns = `id, at, action, outcome, reason, actor, actor_id, client_id, target, target_id, address, user_agent, request_id`

func scanEvent(r row) (audit.Event, error) {
	var e audit.Event
	var at int64
	err := r.Scan(&e.ID, &at, &e.Action, &e.Outcome, &e.Reason, &e.Actor, &e.ActorID, &e.ClientID, &e.Target, &e.TargetID,
		&e.Address, &e.UserAgent, &e.RequestID)
	e.At = utc(at)
	return e, err
}

// Events implements audit.Log.
func (s *Store) Events(ctx context.Context, q audit.Query) ([]audit.Event, error) {
	sql, args := eventsQuery(q)
	events, err := all(ctx, s.reader, scanEvent, sql, args...)
	return events, err
}

// eventsQuery is one range of one index; that of a user's events two, who acted and who was acted
// upon. UNION drops what is in both.
func eventsQuery(q audit.Query) (string, []any) {
	var c conditions
	if !q.Before.At.IsZero() {
		c.add(`(at, id) < (?, ?)`, seconds(q.Before.At), q.Before.ID)
	}
	if q.Action != "" {
		c.add(`action = ?`, string(q.Action))
	}
	if q.Outcome != "" {
		c.add(`outcome = ?`, string(q.Outcome))
	}
	limit := c.arg(max(q.Limit, 0))
	page := func(c conditions) string {
		return `SELECT ` + eventColumns + ` FROM audit_events ` + c.where() + ` ORDER BY at DESC, id DESC LIMIT ` + limit
	}
	sql := page(c)
	if q.UserID != "" {
		user := c.arg(q.UserID)
		sql = `SELECT * FROM (` + page(c.and(`actor_id = `+user)) + `) UNION SELECT * FROM (` + page(c.and(`target_id = `+user)) + `)
			ORDER BY at DESC, id DESC LIMIT ` + limit
	}
	return sql, c.args
}

const purgeEvents = `DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE at < ? ORDER BY at LIMIT ?)`

// PurgeEvents implements audit.Log.
func (s *Store) PurgeEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.writeMany(ctx, purgeEvents, seconds(before), max(limit, 0))
}

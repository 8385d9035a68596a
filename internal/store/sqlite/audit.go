package sqlite

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// AppendEvent implements audit.Store.
func (s *Store) AppendEvent(ctx context.Context, e audit.Event) error {
	return s.inTxLater(ctx, func(tx *writeTx) error { return recordChange(ctx, tx, audit.Change{Event: e}) })
}

// eventColumns are the columns of audit_events that scanEvent reads.
const eventColumns = `id, at, action, outcome, reason, actor, actor_id, client_id, target, target_id, address, user_agent, request_id`

func scanEvent(r row) (audit.Event, error) {
	var e audit.Event
	var at int64
	err := r.Scan(&e.ID, &at, &e.Action, &e.Outcome, &e.Reason, &e.Actor, &e.ActorID, &e.ClientID, &e.Target, &e.TargetID,
		&e.Address, &e.UserAgent, &e.RequestID)
	e.At = utc(at)
	return e, err
}

// Events implements audit.Store.
func (s *Store) Events(ctx context.Context, q audit.Query) ([]audit.Event, error) {
	query, args := eventsQuery(q)
	return queryAll(ctx, s.reads, scanEvent, query, args...)
}

// eventsQuery reads one range of one index. The events of a user are two ranges: those in which the user
// is the actor and those in which the user is the target. UNION removes the duplicates.
func eventsQuery(q audit.Query) (string, []any) {
	c := store.NewConditions("?")
	if !q.Before.At.IsZero() {
		c.Add(`(at, id) < (?, ?)`, storedTime(q.Before.At), q.Before.ID)
	}
	store.FilterEvents(c, q)
	limit := c.Arg(max(q.Limit, 0))
	page := func(more ...string) string {
		return `SELECT ` + eventColumns + ` FROM audit_events ` + c.Where(more...) + ` ORDER BY at DESC, id DESC LIMIT ` + limit
	}
	if q.UserID == "" {
		return page(), c.Args()
	}
	user := c.Arg(q.UserID)
	query := `SELECT * FROM (` + page(`actor_id = `+user) + `) UNION SELECT * FROM (` + page(`target_id = `+user) + `)
		ORDER BY at DESC, id DESC LIMIT ` + limit
	return query, c.Args()
}

var purgeEvents = purge("audit_events", "id", "at")

// PurgeEvents implements audit.Store.
func (s *Store) PurgeEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeEvents, storedTime(before), max(limit, 0))
}

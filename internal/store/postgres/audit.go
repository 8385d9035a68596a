package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/store"
)

var appendEvent = withRecord(`changed AS (SELECT)`, `SELECT FROM changed`)

// AppendEvent implements audit.Store.
func (s *Store) AppendEvent(ctx context.Context, e audit.Event) error {
	_, err := s.exec(ctx, appendEvent, recordArgs(audit.Change{Event: e})...)
	return err
}

// eventColumns are the columns of audit_events that scanEvent reads.
const eventColumns = `id::text, at, action, outcome, reason, actor, actor_id, client_id, target, target_id,
	address, user_agent, request_id`

func scanEvent(row pgx.CollectableRow) (audit.Event, error) {
	var e audit.Event
	err := row.Scan(&e.ID, &e.At, &e.Action, &e.Outcome, &e.Reason, &e.Actor, &e.ActorID, &e.ClientID, &e.Target, &e.TargetID,
		&e.Address, &e.UserAgent, &e.RequestID)
	e.At = e.At.UTC()
	return e, err
}

// Events implements audit.Store.
func (s *Store) Events(ctx context.Context, q audit.Query) ([]audit.Event, error) {
	sql, args := eventsQuery(q)
	events, err := queryAll(ctx, s, scanEvent, sql, args...)
	return events, emptyIfNotFound(err)
}

// eventsQuery reads one range of one index. The events of a user are two ranges: those in which the user
// is the actor and those in which the user is the target. UNION removes the duplicates.
func eventsQuery(q audit.Query) (string, []any) {
	c := store.NewConditions("$")
	if !q.Before.At.IsZero() {
		c.Add(`(at, id) < (?, ?::uuid)`, storedTime(q.Before.At), uuidOrLowest(q.Before.ID))
	}
	store.FilterEvents(c, q)
	limit := c.Arg(max(q.Limit, 0))
	page := func(more ...string) string {
		return `(SELECT ` + eventColumns + ` FROM audit_events ` + c.Where(more...) + ` ORDER BY audit_events.at DESC, audit_events.id DESC LIMIT ` + limit + `)`
	}
	if q.UserID == "" {
		return page(), c.Args()
	}
	user := c.Arg(q.UserID)
	sql := page(`actor_id = `+user) + ` UNION ` + page(`target_id = `+user) + ` ORDER BY at DESC, id DESC LIMIT ` + limit
	return sql, c.Args()
}

var purgeEvents = purge("audit_events", "id", "at")

// PurgeEvents implements audit.Store.
func (s *Store) PurgeEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeEvents, storedTime(before), max(limit, 0))
}

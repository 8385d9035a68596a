package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

var appendEvent = noted(`changed AS (SELECT)`, `SELECT FROM changed`)

// AppendEvent implements audit.Log.
func (s *Store) AppendEvent(ctx context.Context, e audit.Event) error {
	_, err := s.exec(ctx, appendEvent, keep(audit.Note{Event: e})...)
	return err
}

// eventColumns are what scanEvent reads.
const eventColumns = `id::text, at, action, outcome, reason, actor, actor_id, client_id, target, target_id,
	address, user_agent, request_id`

func scanEvent(row pgx.CollectableRow) (audit.Event, error) {
	var e audit.Event
	err := row.Scan(&e.ID, &e.At, &e.Action, &e.Outcome, &e.Reason, &e.Actor, &e.ActorID, &e.ClientID, &e.Target, &e.TargetID,
		&e.Address, &e.UserAgent, &e.RequestID)
	e.At = e.At.UTC()
	return e, err
}

// Events implements audit.Log.
func (s *Store) Events(ctx context.Context, q audit.Query) ([]audit.Event, error) {
	sql, args := eventsQuery(q)
	events, err := all(ctx, s, scanEvent, sql, args...)
	return events, nobody(err)
}

// eventsQuery is one range of one index; that of a user's events two, who acted and who was acted
// upon. UNION drops what is in both.
func eventsQuery(q audit.Query) (string, []any) {
	var c conditions
	if !q.Before.At.IsZero() {
		id := q.Before.ID
		if !isUUID(id) {
			id = pgtype.UUID{Valid: true}.String() // before every other
		}
		c.add(`(at, id) < (?, ?::uuid)`, whole(q.Before.At), id)
	}
	if q.Action != "" {
		c.add(`action = ?`, string(q.Action))
	}
	if q.Outcome != "" {
		c.add(`outcome = ?`, string(q.Outcome))
	}
	limit := c.arg(max(q.Limit, 0))
	page := func(c conditions) string {
		return `(SELECT ` + eventColumns + ` FROM audit_events ` + c.where() + ` ORDER BY audit_events.at DESC, audit_events.id DESC LIMIT ` + limit + `)`
	}
	sql := page(c)
	if q.UserID != "" {
		user := c.arg(q.UserID)
		sql = page(c.and(`actor_id = `+user)) + ` UNION ` + page(c.and(`target_id = `+user)) + ` ORDER BY at DESC, id DESC LIMIT ` + limit
	}
	return sql, c.args
}

// nobody says that a text which no column can hold is found nowhere, as a list that is empty.
func nobody(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return nil
	}
	return err
}

const purgeEvents = `
	DELETE FROM audit_events WHERE id = ANY(ARRAY(
		SELECT id FROM audit_events WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED))`

// PurgeEvents implements audit.Log.
func (s *Store) PurgeEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := s.exec(ctx, purgeEvents, whole(before), max(limit, 0))
	return int(n), err
}

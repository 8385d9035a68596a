package sqlite

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const (
	hasUnpublished       = `SELECT EXISTS (SELECT 1 FROM ended_sessions WHERE position IS NULL)`
	publishEndedSessions = `
		UPDATE ended_sessions AS e SET position = last.position + due.n
		FROM (SELECT session_id, row_number() OVER (ORDER BY session_id) AS n FROM ended_sessions WHERE position IS NULL LIMIT ?2) AS due,
			(SELECT max(coalesce(max(position), ?1), ?1) AS position FROM ended_sessions) AS last
		WHERE e.session_id = due.session_id`
)

// PublishEndedSessions implements oauth.EndedSessionStore. One change commits after the other, so positions
// become visible in their order.
func (s *Store) PublishEndedSessions(ctx context.Context, after int64, limit int) (published int, err error) {
	waiting, err := queryOne(ctx, s.reads, scanValue[bool], hasUnpublished)
	if err != nil || !waiting {
		return 0, err
	}
	err = s.inTx(ctx, func(tx *writeTx) (err error) {
		published, err = execTx(ctx, tx, publishEndedSessions, after, max(limit, 0))
		return err
	})
	return published, err
}

const endedSessions = `
	SELECT session_id, rotated_at, position FROM ended_sessions WHERE position > ? ORDER BY position LIMIT ?`

func scanEndedSession(r row) (oauth.EndedSession, error) {
	var e oauth.EndedSession
	var rotated int64
	err := r.Scan(&e.ID, &rotated, &e.Position)
	e.RotatedAt = utc(rotated)
	return e, err
}

// EndedSessions implements oauth.EndedSessionStore.
func (s *Store) EndedSessions(ctx context.Context, after int64, limit int) ([]oauth.EndedSession, error) {
	return queryAll(ctx, s.reads, scanEndedSession, endedSessions, after, max(limit, 0))
}

// purgeEndedSessions reads the whole table, which has the sessions that ended within about an hour.
const purgeEndedSessions = `
	DELETE FROM ended_sessions WHERE session_id IN (SELECT session_id FROM ended_sessions WHERE rotated_at < ? LIMIT ?)`

// PurgeEndedSessions implements oauth.EndedSessionStore.
func (s *Store) PurgeEndedSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeEndedSessions, storedTime(before), max(limit, 0))
}

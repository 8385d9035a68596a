package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/oauth"
)

const hasUnpublished = `SELECT EXISTS (SELECT FROM ended_sessions WHERE position IS NULL)`

// lockPublication serializes the replicas that publish, until they have committed. The number means nothing.
const lockPublication = `SELECT pg_advisory_xact_lock(4711908623)`

const publishEndedSessions = `
	UPDATE ended_sessions e SET position = last.position + due.n
	FROM (SELECT session_id, row_number() OVER (ORDER BY session_id) AS n FROM ended_sessions WHERE position IS NULL LIMIT $2) AS due,
		(SELECT GREATEST(max(position), $1) AS position FROM ended_sessions) AS last
	WHERE e.session_id = due.session_id`

// PublishEndedSessions implements oauth.EndedSessionStore.
func (s *Store) PublishEndedSessions(ctx context.Context, after int64, limit int) (int, error) {
	waiting, err := queryOne(ctx, s, pgx.RowTo[bool], hasUnpublished)
	if err != nil || !waiting {
		return 0, err
	}
	batch := &pgx.Batch{}
	batch.Queue(lockPublication)
	batch.Queue(publishEndedSessions, after, max(limit, 0))
	return s.execBatch(ctx, batch, 1)
}

const endedSessions = `
	SELECT session_id::text, rotated_at, position FROM ended_sessions WHERE position > $1 ORDER BY position LIMIT $2`

func scanEndedSession(row pgx.CollectableRow) (oauth.EndedSession, error) {
	var e oauth.EndedSession
	err := row.Scan(&e.ID, &e.RotatedAt, &e.Position)
	e.RotatedAt = e.RotatedAt.UTC()
	return e, err
}

// EndedSessions implements oauth.EndedSessionStore.
func (s *Store) EndedSessions(ctx context.Context, after int64, limit int) ([]oauth.EndedSession, error) {
	return queryAll(ctx, s, scanEndedSession, endedSessions, after, max(limit, 0))
}

const purgeEndedSessions = `
	DELETE FROM ended_sessions WHERE session_id = ANY(ARRAY(
		SELECT session_id FROM ended_sessions WHERE rotated_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))`

// PurgeEndedSessions implements oauth.EndedSessionStore.
func (s *Store) PurgeEndedSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeEndedSessions, storedTime(before), max(limit, 0))
}

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// queueEndClient queues the statements that end the sessions of a client. The
// lock serializes changes of the client.
func queueEndClient(batch *pgx.Batch, id string, now time.Time) {
	batch.Queue(lockClient, id)
	batch.Queue(lockNewSessions, id, storedTime(now))
	batch.Queue(revokeNewSessions, storedTime(now), oauth.EndedByClient, id)
	batch.Queue(endClient, id, storedTime(now))
}

// lockNewSessions locks sessions in the order of their ids, like lockSessions.
const lockNewSessions = `SELECT FROM sessions WHERE client_id = $1 AND created_at >= $2 AND revoked_at IS NULL ORDER BY id FOR NO KEY UPDATE`

// The condition on clients protects the sessions of the built-in client, which need not have a row: a
// change of a client that does not exist must revoke nothing.
var revokeNewSessions = `
	UPDATE sessions s SET revoked_at = $1, revoked_reason = $2
	WHERE s.client_id = $3 AND s.created_at >= $1 AND EXISTS (SELECT FROM clients WHERE id = $3) AND ` + sessionLive("$1")

// endClient stores nothing for a client that is disabled already, and for the built-in client, which need
// not have a row.
const endClient = `
	INSERT INTO ended_clients (client_id, ended_at) SELECT id, $2::timestamptz FROM clients WHERE id = $1 AND active
	ON CONFLICT (client_id) DO UPDATE SET ended_at = excluded.ended_at`

// SKIP LOCKED leaves the sessions that a request uses to the next batch.
const endClientSessions = `
	UPDATE sessions SET revoked_at = due.ended_at, revoked_reason = $1
	FROM (SELECT s.id, e.ended_at FROM ended_clients e JOIN sessions s ON ` + store.EndsWithClient + `
		WHERE s.revoked_at IS NULL LIMIT $2 FOR NO KEY UPDATE OF s SKIP LOCKED) AS due
	WHERE sessions.id = due.id`

const forgetEndedClients = `
	DELETE FROM ended_clients e WHERE e.ended_at < $1
		AND NOT EXISTS (SELECT FROM sessions s WHERE s.revoked_at IS NULL AND ` + store.EndsWithClient + `)`

// EndClientSessions implements oauth.ClientStore.
func (s *Store) EndClientSessions(ctx context.Context, now time.Time, limit int) (int, error) {
	batch := &pgx.Batch{}
	batch.Queue(endClientSessions, oauth.EndedByClient, max(limit, 0))
	batch.Queue(forgetEndedClients, storedTime(now.Add(-store.EndedClientRetention)))
	return s.execBatch(ctx, batch, 0)
}

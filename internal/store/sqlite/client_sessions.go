package sqlite

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// endClientTx ends the sessions of a client, if it exists.
func endClientTx(ctx context.Context, tx *writeTx, id string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, revokeNewSessions, storedTime(now), oauth.EndedByClient, id); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, endClient, id, storedTime(now))
	return err
}

const revokeNewSessions = `
	UPDATE sessions AS s SET revoked_at = ?1, revoked_reason = ?2 WHERE s.client_id = ?3 AND s.created_at >= ?1
		AND EXISTS (SELECT 1 FROM clients WHERE id = ?3) AND ` + sessionLive

// endClient stores nothing for a client that is disabled already, and for the built-in client, which need
// not have a row.
const endClient = `
	INSERT INTO ended_clients (client_id, ended_at) SELECT id, ?2 FROM clients WHERE id = ?1 AND active
	ON CONFLICT (client_id) DO UPDATE SET ended_at = excluded.ended_at`

const (
	endClientSessions = `
		UPDATE sessions AS s SET revoked_at = ` + store.EndedWithClient + `, revoked_reason = ?1
		WHERE s.id IN (SELECT s.id FROM ended_clients e CROSS JOIN sessions s ON ` + store.EndsWithClient + ` WHERE s.revoked_at IS NULL LIMIT ?2)`
	forgetEndedClients = `
		DELETE FROM ended_clients AS e WHERE e.ended_at < ?1
			AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.revoked_at IS NULL AND ` + store.EndsWithClient + `)`
)

// EndClientSessions implements oauth.ClientStore.
func (s *Store) EndClientSessions(ctx context.Context, now time.Time, limit int) (ended int, err error) {
	err = s.inTxLater(ctx, func(tx *writeTx) error {
		if ended, err = execTx(ctx, tx, endClientSessions, oauth.EndedByClient, max(limit, 0)); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, forgetEndedClients, storedTime(now.Add(-store.EndedClientRetention)))
		return err
	})
	return ended, err
}

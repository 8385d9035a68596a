package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/store"
)

// Instance implements store.Keeper.
func (s *Store) Instance(ctx context.Context) (store.Instance, error) {
	id, err := queryOne(ctx, s, pgx.RowTo[string], `SELECT id::text FROM instance`)
	return store.Instance{ID: id}, err
}

// Replicas that probe at once do not wait for each other: locking the row is a write already.
const probeWrite = `
	UPDATE instance SET probed_at = now() WHERE one = (SELECT one FROM instance FOR UPDATE SKIP LOCKED)`

// ProbeWrite implements store.Keeper.
func (s *Store) ProbeWrite(ctx context.Context) error {
	_, err := s.exec(ctx, probeWrite)
	return err
}

const revokeAllSessions = `
	UPDATE sessions SET revoked_at = $1, revoked_reason = $2
	WHERE id = ANY(ARRAY(SELECT id FROM sessions WHERE revoked_at IS NULL ORDER BY id LIMIT $3 FOR UPDATE))`

// RevokeAllSessions implements store.Keeper.
func (s *Store) RevokeAllSessions(ctx context.Context, reason string, now time.Time, limit int) (int, error) {
	return s.exec(ctx, revokeAllSessions, storedTime(now), reason, max(limit, 0))
}

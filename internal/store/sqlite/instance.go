package sqlite

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/store"
)

func scanInstance(r row) (i store.Instance, err error) {
	err = r.Scan(&i.ID, &i.Changes)
	return i, err
}

// Instance implements store.Keeper.
func (s *Store) Instance(ctx context.Context) (store.Instance, error) {
	return queryOne(ctx, s.reader, scanInstance, `SELECT id, changes FROM instance`)
}

// ProbeWrite implements store.Keeper. It commits, because a full disk is only noticed then.
func (s *Store) ProbeWrite(ctx context.Context) error {
	return s.execOne(ctx, `UPDATE instance SET probed_at = unixepoch()`)
}

const revokeAllSessions = `
	UPDATE sessions SET revoked_at = ?1, revoked_reason = ?2
	WHERE id IN (SELECT id FROM sessions WHERE revoked_at IS NULL LIMIT ?3)`

// RevokeAllSessions implements store.Keeper.
func (s *Store) RevokeAllSessions(ctx context.Context, reason string, now time.Time, limit int) (int, error) {
	return s.exec(ctx, revokeAllSessions, storedTime(now), reason, max(limit, 0))
}

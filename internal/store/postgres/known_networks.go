package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/throttle"
)

const rememberNetwork = `
	INSERT INTO known_networks AS n (mac, owner, expires_at) VALUES ($1, $2, $3)
	ON CONFLICT (mac) DO UPDATE SET expires_at = GREATEST(n.expires_at, excluded.expires_at)`

// SKIP LOCKED leaves rows that another sign-in deletes to it, so that two cannot deadlock.
const forgetNetworks = `
	DELETE FROM known_networks WHERE mac = ANY(ARRAY(
		SELECT mac FROM known_networks WHERE owner = $1 ORDER BY expires_at DESC, mac OFFSET $2 FOR UPDATE SKIP LOCKED))`

// queueRemember adds statements that remember a network and forget the owner's networks beyond keep.
func queueRemember(batch *pgx.Batch, n throttle.KnownNetwork, keep int) {
	batch.Queue(rememberNetwork, n.MAC, n.Owner, storedTime(n.ExpiresAt))
	batch.Queue(forgetNetworks, n.Owner, keep)
}

var purgeNetworks = purge("known_networks", "mac", "expires_at")

// PurgeNetworks implements throttle.Store.
func (s *Store) PurgeNetworks(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeNetworks, storedTime(before), max(limit, 0))
}

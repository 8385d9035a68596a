package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/throttle"
)

// A filter by time in WHERE would let PostgreSQL read all networks in the order of their expiry.
const networkKnownUntil = `SELECT max(expires_at) FILTER (WHERE expires_at > $2) FROM known_networks WHERE mac = ANY($1)`

// NetworkKnownUntil implements throttle.NetworkStore.
func (s *Store) NetworkKnownUntil(ctx context.Context, macs [][]byte, now time.Time) (time.Time, error) {
	var until *time.Time
	batch := newCountingBatch()
	batch.Queue(networkKnownUntil, filledUp(macs), storedTime(now)).QueryRow(func(row pgx.Row) error { return row.Scan(&until) })
	err := s.runBatch(ctx, batch)
	return utcOrZero(until), err
}

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

// PurgeNetworks implements throttle.NetworkStore.
func (s *Store) PurgeNetworks(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeNetworks, storedTime(before), max(limit, 0))
}

package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/throttle"
)

// knownUntil is completed with one parameter for each MAC.
const knownUntil = `SELECT max(expires_at) FROM known_networks WHERE expires_at > ? AND mac IN (`

// networkKnownUntil returns the latest expiry of the networks with these MACs, or zero if none is known.
func networkKnownUntil(ctx context.Context, tx *writeTx, macs [][]byte, now time.Time) (time.Time, error) {
	args := []any{storedTime(now)}
	for _, mac := range macs {
		args = append(args, mac)
	}
	query := knownUntil + strings.TrimSuffix(strings.Repeat("?,", len(macs)), ",") + `)`
	until, err := queryOne(ctx, tx, scanValue[sql.NullInt64], query, args...)
	return utcOrZero(until), err
}

const (
	rememberNetwork = `
		INSERT INTO known_networks AS n (mac, owner, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (mac) DO UPDATE SET expires_at = max(n.expires_at, excluded.expires_at)`
	forgetNetworks = `
		DELETE FROM known_networks WHERE mac IN (
			SELECT mac FROM known_networks WHERE owner = ? ORDER BY expires_at DESC, mac LIMIT -1 OFFSET ?)`
)

// rememberTx remembers a network and forgets the owner's networks beyond keep.
func rememberTx(ctx context.Context, tx *writeTx, n throttle.KnownNetwork, keep int) error {
	if _, err := tx.ExecContext(ctx, rememberNetwork, n.MAC, n.Owner, storedTime(n.ExpiresAt)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, forgetNetworks, n.Owner, keep)
	return err
}

var purgeNetworks = purge("known_networks", "mac", "expires_at")

// PurgeNetworks implements throttle.Store.
func (s *Store) PurgeNetworks(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeNetworks, storedTime(before), max(limit, 0))
}

package postgres

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/latchkey-auth/latchkey/internal/throttle"
)

// A filter by time in WHERE would let PostgreSQL read all networks in the order of their expiry. Sorted by key, like the
// statements of Spend, two of these cannot deadlock.
const spendByNetwork = `
	WITH network AS (
		SELECT max(expires_at) FILTER (WHERE expires_at > $2) AS until FROM known_networks WHERE mac = ANY($1)
	), charges AS (
		SELECT key, tat, latest
		FROM network, (VALUES (NULL::boolean, $4::bytea, $5::timestamptz, $6::timestamptz), (true, $7, $8, $9), (false, $10, $11, $12))
			AS c (if_known, key, tat, latest)
		WHERE key IS NOT NULL AND (if_known IS NULL OR if_known = (until IS NOT NULL))
	), spent AS (
		INSERT INTO throttle AS t (key, tat) SELECT key, tat FROM charges WHERE tat <= latest ORDER BY key
		ON CONFLICT (key) DO UPDATE SET tat = GREATEST(t.tat, $3) + (excluded.tat - $3)
		WHERE GREATEST(t.tat, $3) + (excluded.tat - $3) <= (SELECT latest FROM charges c WHERE c.key = excluded.key)
		RETURNING key
	)
	SELECT until, ARRAY(SELECT key FROM spent) FROM network`

// SpendByNetwork implements throttle.Store.
func (s *Store) SpendByNetwork(ctx context.Context, now time.Time, n throttle.NetworkCharges) (time.Time, map[string]throttle.State, error) {
	args := []any{filledUp(n.MACs), storedTime(now), storedMillis(now)}
	for _, c := range []throttle.Charge{n.Always, n.Known, n.Unknown} {
		args = append(args, c.Key, storedMillis(c.TAT), storedMillis(c.Limit))
	}
	var until *time.Time
	var spent [][]byte
	batch := newCountingBatch()
	batch.Queue(spendByNetwork, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&until, &spent) })
	refused := map[string]throttle.State{}
	err := s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		if err := conn.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		for _, c := range n.Due(until != nil) {
			if !slices.ContainsFunc(spent, func(key []byte) bool { return bytes.Equal(key, c.Key) }) {
				refused[string(c.Key)] = throttle.State{}
			}
		}
		return readStates(ctx, conn, refused)
	})
	return utcOrZero(until), refused, err
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

// PurgeNetworks implements throttle.Store.
func (s *Store) PurgeNetworks(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeNetworks, storedTime(before), max(limit, 0))
}

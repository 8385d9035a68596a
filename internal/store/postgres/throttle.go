package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/latchkey-auth/latchkey/internal/throttle"
)

// countingSettings apply to the transaction of the statements after it. Without synchronous_commit a crash of the server
// may lose the last few attempts. That is harmless, and attempts do not wait for the disk. Without enable_seqscan,
// PostgreSQL plans to look keys up, and never to read a table that is still small: it keeps the plan for up to a minute
// while a flood adds thousands of rows.
const countingSettings = `SELECT set_config('synchronous_commit', 'off', true), set_config('enable_seqscan', 'off', true)`

// newCountingBatch returns a batch with countingSettings.
func newCountingBatch() *pgx.Batch {
	batch := &pgx.Batch{}
	batch.Queue(countingSettings)
	return batch
}

// spendSet is what a charge makes of the state t of its key, at $1.
const spendSet = `GREATEST(t.tat, $1) + (excluded.tat - $1)`

// spend reads the caller's network and makes the charges one after the other, each if the former was allowed. A filter by
// time in WHERE would let PostgreSQL read all networks in the order of their expiry.
const spend = `
	WITH network AS (
		SELECT max(expires_at) FILTER (WHERE expires_at > $3) AS until FROM known_networks WHERE mac = ANY($2)
	), first AS (
		INSERT INTO throttle AS t (key, tat) SELECT $4::bytea, $5::timestamptz WHERE $4 IS NOT NULL AND $5 <= $6::timestamptz
		ON CONFLICT (key) DO UPDATE SET tat = ` + spendSet + ` WHERE ` + spendSet + ` <= $6
		RETURNING key
	), due AS (
		SELECT key, tat, latest
		FROM network, (VALUES (false, $7::bytea, $8::timestamptz, $9::timestamptz), (true, $10, $11, $12)) AS c (if_known, key, tat, latest)
		WHERE if_known = (until IS NOT NULL) AND key IS NOT NULL AND ($4 IS NULL OR EXISTS (SELECT FROM first))
	), second AS (
		INSERT INTO throttle AS t (key, tat) SELECT key, tat FROM due WHERE tat <= latest
		ON CONFLICT (key) DO UPDATE SET tat = ` + spendSet + ` WHERE ` + spendSet + ` <= (SELECT latest FROM due)
		RETURNING key
	)
	SELECT until, CASE WHEN $4 IS NOT NULL AND NOT EXISTS (SELECT FROM first) THEN $4
		ELSE (SELECT key FROM due WHERE NOT EXISTS (SELECT FROM second)) END
	FROM network`

// Spend implements throttle.Store. All callers lock the keys in the order of throttle.Charges, so that two cannot deadlock.
func (s *Store) Spend(ctx context.Context, now time.Time, c throttle.Charges) (throttle.Spent, error) {
	args := []any{storedMillis(now), filledUp(nonNil(c.Networks)), storedTime(now)}
	for _, c := range []throttle.Charge{c.First, c.Second, c.Known} {
		args = append(args, c.Key, storedMillis(c.TAT), storedMillis(c.Limit))
	}
	var until *time.Time
	var spent throttle.Spent
	batch := newCountingBatch()
	batch.Queue(spend, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&until, &spent.Refused) })
	err := s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		if err = conn.SendBatch(ctx, batch).Close(); err == nil && spent.Refused != nil {
			spent.State, err = readState(ctx, conn, spent.Refused)
		}
		return err
	})
	if err != nil {
		return throttle.Spent{}, err
	}
	spent.KnownUntil = utcOrZero(until)
	return spent, nil
}

const throttleState = `SELECT tat FROM throttle WHERE key = $1`

// readState returns the state of a key, the zero State if there is none. It is a separate statement, because a statement
// that has waited for a lock may see the row as it was before the wait.
func readState(ctx context.Context, conn *pgxpool.Conn, key []byte) (throttle.State, error) {
	var tat time.Time
	batch := newCountingBatch()
	batch.Queue(throttleState, key).QueryRow(func(row pgx.Row) error { return row.Scan(&tat) })
	err := conn.SendBatch(ctx, batch).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return throttle.State{}, nil
	}
	return throttle.State{TAT: tat.UTC()}, err
}

const refund = `UPDATE throttle SET tat = GREATEST(tat - $2::bigint * interval '1 millisecond', $3) WHERE key = $1 AND tat > $3`

// Refund implements throttle.Store.
func (s *Store) Refund(ctx context.Context, now time.Time, refunds []throttle.Refund) error {
	return s.runBatch(ctx, refundBatch(now, refunds))
}

// refundBatch returns the statements that refund attempts.
func refundBatch(now time.Time, refunds []throttle.Refund) *pgx.Batch {
	batch := newCountingBatch()
	for _, r := range refunds {
		batch.Queue(refund, r.Key, r.Amount.Milliseconds(), storedMillis(now))
	}
	return batch
}

// RefundAndRemember implements throttle.Store. The next sign-in stores again a network that a crash of the server has
// lost.
func (s *Store) RefundAndRemember(ctx context.Context, now time.Time, refunds []throttle.Refund, n throttle.KnownNetwork, keep int) error {
	batch := refundBatch(now, refunds)
	queueRemember(batch, n, keep)
	return s.runBatch(ctx, batch)
}

var purgeThrottle = purge("throttle", "key", "tat")

// PurgeThrottle implements throttle.Store.
func (s *Store) PurgeThrottle(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeThrottle, storedMillis(before), max(limit, 0))
}

// storedMillis returns t as the throttle table holds it: UTC in whole milliseconds.
func storedMillis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

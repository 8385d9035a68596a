package postgres

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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

const spend = `
	INSERT INTO throttle AS t (key, tat) SELECT $1, $2::timestamptz WHERE $2 <= $3::timestamptz
	ON CONFLICT (key) DO UPDATE SET tat = GREATEST(t.tat, $4) + (excluded.tat - $4)
	WHERE GREATEST(t.tat, $4) + (excluded.tat - $4) <= $3`

// Spend implements throttle.Store. The statements of a batch run in one transaction. Sorted by key, two
// batches cannot deadlock.
func (s *Store) Spend(ctx context.Context, now time.Time, charges []throttle.Charge) (map[string]throttle.State, error) {
	charges = slices.Clone(charges)
	slices.SortStableFunc(charges, func(a, b throttle.Charge) int { return bytes.Compare(a.Key, b.Key) })
	refused := map[string]throttle.State{}
	batch := newCountingBatch()
	for _, c := range charges {
		batch.Queue(spend, c.Key, storedMillis(c.TAT), storedMillis(c.Limit), storedMillis(now)).Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() == 0 {
				refused[string(c.Key)] = throttle.State{}
			}
			return nil
		})
	}
	err := s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		if err := conn.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		return readStates(ctx, conn, refused)
	})
	if err != nil {
		return nil, err
	}
	return refused, nil
}

const throttleStates = `SELECT key, tat FROM throttle WHERE key = ANY($1)`

// readStates reads the states of the keys in refused. It is a separate statement, because a statement
// that has waited for a lock may see other rows as they were before the wait.
func readStates(ctx context.Context, conn *pgxpool.Conn, refused map[string]throttle.State) error {
	if len(refused) == 0 {
		return nil
	}
	keys := make([][]byte, 0, len(refused))
	for key := range refused {
		keys = append(keys, []byte(key))
	}
	batch := newCountingBatch()
	batch.Queue(throttleStates, filledUp(keys)).Query(func(rows pgx.Rows) error {
		var key []byte
		var tat time.Time
		_, err := pgx.ForEachRow(rows, []any{&key, &tat}, func() error {
			refused[string(key)] = throttle.State{TAT: tat.UTC()}
			return nil
		})
		return err
	})
	return conn.SendBatch(ctx, batch).Close()
}

const refund = `UPDATE throttle SET tat = GREATEST(tat - $2::bigint * interval '1 millisecond', $3) WHERE key = $1 AND tat > $3`

// Refund implements throttle.Store.
func (s *Store) Refund(ctx context.Context, now time.Time, refunds []throttle.Refund) error {
	return s.runBatch(ctx, refundBatch(now, refunds))
}

// refundBatch returns the statements that refund attempts. Like those of Spend, they are sorted by key.
func refundBatch(now time.Time, refunds []throttle.Refund) *pgx.Batch {
	refunds = slices.Clone(refunds)
	slices.SortStableFunc(refunds, func(a, b throttle.Refund) int { return bytes.Compare(a.Key, b.Key) })
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

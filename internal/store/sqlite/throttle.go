package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/throttle"
)

const spend = `
	INSERT INTO throttle AS t (key, tat) SELECT ?1, ?2 WHERE ?2 <= ?3
	ON CONFLICT (key) DO UPDATE SET tat = max(t.tat, ?4) + (excluded.tat - ?4)
	WHERE max(t.tat, ?4) + (excluded.tat - ?4) <= ?3`

const throttleState = `SELECT tat FROM throttle WHERE key = ?`

// Spend implements throttle.Store.
func (s *Store) Spend(ctx context.Context, now time.Time, charges []throttle.Charge) (map[string]throttle.State, error) {
	var refused map[string]throttle.State
	err := s.inTxAsync(ctx, func(tx *writeTx) (err error) {
		refused, err = spendTx(ctx, tx, now, charges)
		return err
	})
	return refused, err
}

func spendTx(ctx context.Context, tx *writeTx, now time.Time, charges []throttle.Charge) (map[string]throttle.State, error) {
	refused := map[string]throttle.State{}
	for _, c := range charges {
		err := execOneTx(ctx, tx, spend, c.Key, c.TAT.UnixMilli(), c.Limit.UnixMilli(), now.UnixMilli())
		if err == nil {
			continue
		}
		if !errors.Is(err, fault.ErrNotFound) {
			return nil, err
		}
		state, err := queryOne(ctx, tx, scanState, throttleState, c.Key)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return nil, err
		}
		refused[string(c.Key)] = state
	}
	return refused, nil
}

func scanState(r row) (throttle.State, error) {
	var tat int64
	err := r.Scan(&tat)
	return throttle.State{TAT: time.UnixMilli(tat).UTC()}, err
}

const refund = `UPDATE throttle SET tat = max(tat - ?2, ?3) WHERE key = ?1 AND tat > ?3`

// Refund implements throttle.Store.
func (s *Store) Refund(ctx context.Context, now time.Time, refunds []throttle.Refund) error {
	return s.inTxAsync(ctx, func(tx *writeTx) error { return refundTx(ctx, tx, now, refunds) })
}

func refundTx(ctx context.Context, tx *writeTx, now time.Time, refunds []throttle.Refund) error {
	for _, r := range refunds {
		if _, err := tx.ExecContext(ctx, refund, r.Key, r.Amount.Milliseconds(), now.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

// RefundAndRemember implements throttle.Store.
func (s *Store) RefundAndRemember(ctx context.Context, now time.Time, refunds []throttle.Refund, n throttle.KnownNetwork, keep int) error {
	return s.inTxAsync(ctx, func(tx *writeTx) error {
		if err := refundTx(ctx, tx, now, refunds); err != nil {
			return err
		}
		return rememberTx(ctx, tx, n, keep)
	})
}

var purgeThrottle = purge("throttle", "key", "tat")

// PurgeThrottle implements throttle.Store.
func (s *Store) PurgeThrottle(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeThrottle, before.UnixMilli(), max(limit, 0))
}

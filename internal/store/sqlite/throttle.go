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
func (s *Store) Spend(ctx context.Context, now time.Time, c throttle.Charges) (throttle.Spent, error) {
	var spent throttle.Spent
	err := s.inTxAsync(ctx, func(tx *writeTx) (err error) {
		spent, err = spendTx(ctx, tx, now, c)
		return err
	})
	if err != nil {
		return throttle.Spent{}, err
	}
	return spent, nil
}

func spendTx(ctx context.Context, tx *writeTx, now time.Time, c throttle.Charges) (spent throttle.Spent, err error) {
	second := c.Second
	if len(c.Networks) > 0 {
		if spent.KnownUntil, err = networkKnownUntil(ctx, tx, c.Networks, now); err != nil {
			return spent, err
		}
	}
	if !spent.KnownUntil.IsZero() {
		second = c.Known
	}
	for _, charge := range []throttle.Charge{c.First, second} {
		ok, err := chargeTx(ctx, tx, now, charge)
		if err != nil {
			return spent, err
		}
		if !ok {
			spent.Refused = charge.Key
			spent.State, err = stateTx(ctx, tx, charge.Key)
			return spent, err
		}
	}
	return spent, nil
}

// chargeTx makes a charge, if it has a key, and reports whether it was allowed.
func chargeTx(ctx context.Context, tx *writeTx, now time.Time, c throttle.Charge) (ok bool, err error) {
	if c.Key == nil {
		return true, nil
	}
	n, err := execTx(ctx, tx, spend, c.Key, c.TAT.UnixMilli(), c.Limit.UnixMilli(), now.UnixMilli())
	return n > 0, err
}

// stateTx returns the state of a key, the zero State if there is none.
func stateTx(ctx context.Context, tx *writeTx, key []byte) (throttle.State, error) {
	state, err := queryOne(ctx, tx, scanState, throttleState, key)
	if errors.Is(err, fault.ErrNotFound) {
		return throttle.State{}, nil
	}
	return state, err
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

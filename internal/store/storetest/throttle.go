package storetest

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/throttle"
)

var throttleTests = tests[Database]{
	"like the pure function": throttleModel,
	"one after the other":    throttleInOrder,
	"no charges":             throttleNoCharges,
	"milliseconds":           throttleMilliseconds,
	"no attempts allowed":    throttleNoAttempts,
	"refund":                 throttleRefund,
	"refund of an old state": throttleRefundOld,
	"200 attempts at once":   throttleAtOnce,
	"several keys at once":   throttleSeveralKeys,
	"purge":                  throttlePurge,
}

// rateLimit allows ten attempts at once.
var rateLimit = throttle.Policy{Name: "test", Burst: 10, Every: time.Minute}

// newCharge returns the charge of one attempt under rateLimit.
func newCharge(key []byte, now time.Time) throttle.Charge {
	return throttle.Charge{Key: key, TAT: now.Add(rateLimit.Every), Limit: now.Add(time.Duration(rateLimit.Burst) * rateLimit.Every)}
}

func mustSpend(t *testing.T, db throttle.Store, now time.Time, c throttle.Charges) throttle.Spent {
	t.Helper()
	spent, err := db.Spend(t.Context(), now, c)
	require.NoError(t, err)
	return spent
}

// mustSpendOne is mustSpend of one charge.
func mustSpendOne(t *testing.T, db throttle.Store, now time.Time, c throttle.Charge) throttle.Spent {
	t.Helper()
	return mustSpend(t, db, now, throttle.Charges{First: c})
}

// refusedAt is what a refused charge leads to.
func refusedAt(key []byte, tat time.Time) throttle.Spent {
	return throttle.Spent{Refused: key, State: throttle.State{TAT: tat}}
}

// countAllowed makes attempts until one is refused, and returns how many were allowed.
func countAllowed(t *testing.T, db throttle.Store, key []byte, now time.Time) (n int) {
	t.Helper()
	for mustSpendOne(t, db, now, newCharge(key, now)).Refused == nil {
		n++
	}
	return n
}

// throttleModel compares the store with throttle.Policy.Spend in a burst, in pauses, and with a clock that
// goes back.
func throttleModel(t *testing.T, db Database) {
	key, now := randomBytes(32), noon
	var model throttle.State
	steps := append(slices.Repeat([]time.Duration{0}, 12),
		time.Minute, 0, 0, 59*time.Second, time.Second, -5*time.Second, 5*time.Second, time.Hour, 0, 0, 1500*time.Millisecond)
	for i, step := range steps {
		now = now.Add(step)
		next, wait := rateLimit.Spend(now, model)
		spent := mustSpendOne(t, db, now, newCharge(key, now))
		if wait == 0 {
			require.Zero(t, spent, "step %d", i)
			model = next
			continue
		}
		require.Equal(t, refusedAt(key, model.TAT), spent, "step %d", i)
	}
}

// throttleInOrder checks that a refused first charge leaves the second one alone, and not the other way round.
func throttleInOrder(t *testing.T, db Database) {
	address, user, full := randomBytes(32), randomBytes(32), noon.Add(10*time.Minute)
	attempt := throttle.Charges{First: newCharge(address, noon), Second: newCharge(user, noon)}
	require.Zero(t, mustSpend(t, db, noon, attempt))
	require.Equal(t, 9, countAllowed(t, db, address, noon))
	for range 20 {
		require.Equal(t, refusedAt(address, full), mustSpend(t, db, noon, attempt))
	}
	require.Equal(t, 9, countAllowed(t, db, user, noon))

	attempt.First = newCharge(randomBytes(32), noon)
	for range 4 {
		require.Equal(t, refusedAt(user, full), mustSpend(t, db, noon, attempt))
	}
	require.Equal(t, 6, countAllowed(t, db, attempt.First.Key, noon))
}

func throttleNoCharges(t *testing.T, db Database) {
	require.Zero(t, mustSpend(t, db, noon, throttle.Charges{}))
}

func throttleMilliseconds(t *testing.T, db Database) {
	key, state := randomBytes(32), noon.Add(7*time.Millisecond)
	charge := throttle.Charge{Key: key, TAT: state, Limit: state}
	require.Zero(t, mustSpendOne(t, db, noon, charge))
	require.Equal(t, refusedAt(key, state), mustSpendOne(t, db, noon, charge))
	// Fractions of a millisecond are cut off, in any time zone.
	later := noon.Add(7*time.Millisecond + 900*time.Microsecond).In(time.FixedZone("east", 3600))
	state = later.Add(7 * time.Millisecond)
	require.Zero(t, mustSpendOne(t, db, later, throttle.Charge{Key: key, TAT: state, Limit: state}))
}

func throttleNoAttempts(t *testing.T, db Database) {
	charge := throttle.Charge{Key: randomBytes(32), TAT: noon.Add(time.Minute), Limit: noon}
	for range 2 { // an unknown key remains unknown
		require.Equal(t, throttle.Spent{Refused: charge.Key}, mustSpendOne(t, db, noon, charge))
	}
}

func throttleRefund(t *testing.T, db Database) {
	key, unknown := randomBytes(32), randomBytes(32)
	require.Equal(t, 10, countAllowed(t, db, key, noon))
	require.NoError(t, db.Refund(t.Context(), noon, []throttle.Refund{
		{Key: key, Amount: rateLimit.Every}, {Key: unknown, Amount: rateLimit.Every}, {Key: key, Amount: 2 * rateLimit.Every},
	}))
	require.Equal(t, 3, countAllowed(t, db, key, noon))
	network := newNetwork(randomBytes(32), noon.Add(time.Hour))
	require.NoError(t, db.RefundAndRemember(t.Context(), noon, []throttle.Refund{{Key: key, Amount: rateLimit.Every}}, network, 20))
	require.Equal(t, 1, countAllowed(t, db, key, noon))
	requireKnown(t, db, network.ExpiresAt, noon, network.MAC)
	// A refund never allows more than the burst.
	require.NoError(t, db.Refund(t.Context(), noon, []throttle.Refund{{Key: key, Amount: 1000 * rateLimit.Every}}))
	require.Equal(t, 10, countAllowed(t, db, key, noon))
}

// throttleRefundOld checks that a refund does not move a state that has passed to the present.
func throttleRefundOld(t *testing.T, db Database) {
	key, later := randomBytes(32), noon.Add(24*time.Hour)
	require.Equal(t, 10, countAllowed(t, db, key, noon))
	require.NoError(t, db.Refund(t.Context(), later, []throttle.Refund{{Key: key, Amount: rateLimit.Every}}))
	require.Equal(t, refusedAt(key, noon.Add(10*time.Minute)), mustSpendOne(t, db, noon, newCharge(key, noon)))
}

func throttleAtOnce(t *testing.T, db Database) {
	requireBurst(t, db, 200, throttle.Charges{First: newCharge(randomBytes(32), noon)})
}

// requireBurst makes n attempts under rateLimit at once and requires that it allows only the first ones. An attempt that
// finds no free connection in time is not counted, and is made again: on a busy machine that happens to the last of them.
func requireBurst(t *testing.T, db Database, n int, c throttle.Charges) {
	t.Helper()
	var allowed atomic.Int64
	errs := inParallel(n, func(int) error {
		spent, err := db.Spend(t.Context(), noon, c)
		for repeats := 0; errors.Is(err, fault.ErrUnavailable) && repeats < 20; repeats++ {
			spent, err = db.Spend(t.Context(), noon, c)
		}
		if err == nil && spent.Refused == nil {
			allowed.Add(1)
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
	require.EqualValues(t, rateLimit.Burst, allowed.Load())
}

// throttleSeveralKeys makes and refunds attempts that share their keys, from a known network and from others. A store that
// locks them in different orders would deadlock.
func throttleSeveralKeys(t *testing.T, db Database) {
	known := mustRemember(t, db, newNetwork(randomBytes(32), noon.Add(time.Hour)))
	attempts := throttle.Charges{
		First: newCharge(randomBytes(32), noon), Second: newCharge(randomBytes(32), noon), Known: newCharge(randomBytes(32), noon),
	}
	for _, c := range []*throttle.Charge{&attempts.First, &attempts.Second, &attempts.Known} {
		c.Limit = noon.Add(24 * time.Hour) // all are allowed
	}
	errs := inParallel(60, func(i int) error {
		c, due := attempts, attempts.Second
		if i%2 == 0 {
			c.Networks, due = [][]byte{known.MAC}, attempts.Known
		}
		spent, err := db.Spend(t.Context(), noon, c)
		if err == nil && spent.Refused != nil {
			err = errors.New("refused")
		}
		return errors.Join(err, db.Refund(t.Context(), noon, []throttle.Refund{{Key: c.First.Key, Amount: 1}, {Key: due.Key, Amount: 1}}))
	})
	require.NoError(t, errors.Join(errs...))
}

func throttlePurge(t *testing.T, db Database) {
	spend := func(key []byte, tat time.Time) throttle.Spent {
		return mustSpendOne(t, db, noon, throttle.Charge{Key: key, TAT: tat, Limit: tat})
	}
	for i := range 7 {
		spend(randomBytes(32), noon.Add(time.Duration(i)*time.Millisecond))
	}
	kept, state := randomBytes(32), noon.Add(7*time.Millisecond)
	spend(kept, state)
	requireBatches(t, func(limit int) (int, error) { return db.PurgeThrottle(t.Context(), state, limit) })
	require.Equal(t, refusedAt(kept, state), spend(kept, noon.Add(time.Second)))
	n, err := db.PurgeThrottle(t.Context(), state.Add(time.Millisecond), 3)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

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
	"each key by itself":     throttleEachKey,
	"no charges":             throttleNoCharges,
	"same key twice":         throttleSameKey,
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

// mustSpend makes charges and returns the states of the refused keys.
func mustSpend(t *testing.T, db throttle.Store, now time.Time, charges ...throttle.Charge) map[string]throttle.State {
	t.Helper()
	refused, err := db.Spend(t.Context(), now, charges)
	require.NoError(t, err)
	return refused
}

// countAllowed makes attempts until one is refused, and returns how many were allowed.
func countAllowed(t *testing.T, db throttle.Store, key []byte, now time.Time) (n int) {
	t.Helper()
	for len(mustSpend(t, db, now, newCharge(key, now))) == 0 {
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
		refused := mustSpend(t, db, now, newCharge(key, now))
		if wait == 0 {
			require.Empty(t, refused, "step %d", i)
			model = next
			continue
		}
		require.Equal(t, map[string]throttle.State{string(key): model}, refused, "step %d", i)
	}
}

// throttleEachKey checks that a key is charged even if another key of the same call is refused.
func throttleEachKey(t *testing.T, db Database) {
	used, fresh := randomBytes(32), randomBytes(32)
	require.Equal(t, rateLimit.Burst, countAllowed(t, db, used, noon))
	full := throttle.State{TAT: noon.Add(10 * time.Minute)}
	for range rateLimit.Burst {
		refused := mustSpend(t, db, noon, newCharge(used, noon), newCharge(fresh, noon))
		require.Equal(t, map[string]throttle.State{string(used): full}, refused)
	}
	refused := mustSpend(t, db, noon, newCharge(used, noon), newCharge(fresh, noon))
	require.Equal(t, map[string]throttle.State{string(used): full, string(fresh): full}, refused)
}

func throttleNoCharges(t *testing.T, db Database) {
	require.Empty(t, mustSpend(t, db, noon))
}

func throttleSameKey(t *testing.T, db Database) {
	key := randomBytes(32)
	for range rateLimit.Burst / 2 {
		require.Empty(t, mustSpend(t, db, noon, newCharge(key, noon), newCharge(key, noon)))
	}
	require.Len(t, mustSpend(t, db, noon, newCharge(key, noon), newCharge(key, noon)), 1)
}

func throttleMilliseconds(t *testing.T, db Database) {
	key, state := randomBytes(32), noon.Add(7*time.Millisecond)
	charge := throttle.Charge{Key: key, TAT: state, Limit: state}
	require.Empty(t, mustSpend(t, db, noon, charge))
	require.Equal(t, map[string]throttle.State{string(key): {TAT: state}}, mustSpend(t, db, noon, charge))
	// Fractions of a millisecond are cut off, in any time zone.
	later := noon.Add(7*time.Millisecond + 900*time.Microsecond).In(time.FixedZone("east", 3600))
	state = later.Add(7 * time.Millisecond)
	require.Empty(t, mustSpend(t, db, later, throttle.Charge{Key: key, TAT: state, Limit: state}))
}

func throttleNoAttempts(t *testing.T, db Database) {
	charge := throttle.Charge{Key: randomBytes(32), TAT: noon.Add(time.Minute), Limit: noon}
	for range 2 { // an unknown key remains unknown
		require.Equal(t, map[string]throttle.State{string(charge.Key): {}}, mustSpend(t, db, noon, charge))
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
	refused := mustSpend(t, db, noon, newCharge(key, noon))
	require.Equal(t, map[string]throttle.State{string(key): {TAT: noon.Add(10 * time.Minute)}}, refused)
}

func throttleAtOnce(t *testing.T, db Database) {
	charges := []throttle.Charge{newCharge(randomBytes(32), noon)}
	requireBurst(t, 200, func() (map[string]throttle.State, error) { return db.Spend(t.Context(), noon, charges) })
}

// requireBurst makes n attempts under rateLimit at once and requires that it allows only the first ones. An attempt that
// finds no free connection in time is not counted, and is made again: on a busy machine that happens to the last of them.
func requireBurst(t *testing.T, n int, spend func() (map[string]throttle.State, error)) {
	t.Helper()
	var allowed atomic.Int64
	errs := inParallel(n, func(int) error {
		refused, err := spend()
		for repeats := 0; errors.Is(err, fault.ErrUnavailable) && repeats < 20; repeats++ {
			refused, err = spend()
		}
		if err == nil && len(refused) == 0 {
			allowed.Add(1)
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
	require.EqualValues(t, rateLimit.Burst, allowed.Load())
}

// throttleSeveralKeys charges the same keys in two orders. A store that locks them in the given order
// would deadlock.
func throttleSeveralKeys(t *testing.T, db Database) {
	keys := [][]byte{randomBytes(32), randomBytes(32), randomBytes(32)}
	errs := inParallel(60, func(i int) error {
		var charges []throttle.Charge
		var refunds []throttle.Refund
		for _, key := range keys {
			charges = append(charges, newCharge(key, noon))
			refunds = append(refunds, throttle.Refund{Key: key, Amount: 1})
		}
		if i%2 == 0 {
			slices.Reverse(charges)
			slices.Reverse(refunds)
		}
		_, err := db.Spend(t.Context(), noon, charges)
		return errors.Join(err, db.Refund(t.Context(), noon, refunds))
	})
	require.NoError(t, errors.Join(errs...))
}

func throttlePurge(t *testing.T, db Database) {
	spend := func(key []byte, tat time.Time) map[string]throttle.State {
		return mustSpend(t, db, noon, throttle.Charge{Key: key, TAT: tat, Limit: tat})
	}
	for i := range 7 {
		spend(randomBytes(32), noon.Add(time.Duration(i)*time.Millisecond))
	}
	kept, state := randomBytes(32), noon.Add(7*time.Millisecond)
	spend(kept, state)
	requireBatches(t, func(limit int) (int, error) { return db.PurgeThrottle(t.Context(), state, limit) })
	require.Equal(t, map[string]throttle.State{string(kept): {TAT: state}}, spend(kept, noon.Add(time.Second)))
	n, err := db.PurgeThrottle(t.Context(), state.Add(time.Millisecond), 3)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

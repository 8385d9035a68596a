package storetest

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/throttle"
)

// lane allows ten tries at once.
var lane = throttle.Lane{Name: "test", Burst: 10, Every: time.Minute}

// charge is one try of key in lane.
func charge(key []byte, now time.Time) throttle.Charge {
	return throttle.Charge{Key: key, TAT: now.Add(lane.Every), Limit: now.Add(time.Duration(lane.Burst) * lane.Every)}
}

func testThrottle(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"as the pure function": throttleModel,
		"each by itself":       throttleEach,
		"one key twice":        throttleTwice,
		"milliseconds":         throttleMilliseconds,
		"nothing allowed":      throttleNothing,
		"refund":               throttleRefund,
		"200 at once":          throttleAtOnce,
		"many keys at once":    throttleManyKeys,
		"purge":                throttlePurge,
	})
}

// throttleModel holds the store against throttle.Lane.Spend, through a burst, pauses and a clock
// that steps back.
func throttleModel(t *testing.T, w World) {
	key, now := random(32), noon
	var model throttle.State
	steps := make([]time.Duration, 0, 40)
	for range 12 {
		steps = append(steps, 0)
	}
	steps = append(steps, time.Minute, 0, 0, 59*time.Second, time.Second, -5*time.Second, 5*time.Second, time.Hour, 0, 0, 1500*time.Millisecond)
	for i, step := range steps {
		now = now.Add(step)
		next, wait := lane.Spend(now, model)
		refused, err := w.Spend(t.Context(), now, []throttle.Charge{charge(key, now)})
		require.NoError(t, err)
		if wait == 0 {
			require.Empty(t, refused, "step %d", i)
			model = next
			continue
		}
		require.Equal(t, map[string]throttle.State{string(key): model}, refused, "step %d", i)
	}
}

func throttleEach(t *testing.T, w World) {
	spent, fresh := random(32), random(32)
	for range lane.Burst {
		refused, err := w.Spend(t.Context(), noon, []throttle.Charge{charge(spent, noon)})
		require.NoError(t, err)
		require.Empty(t, refused)
	}
	full := throttle.State{TAT: noon.Add(10 * time.Minute)}
	for range lane.Burst { // the fresh key is charged although the other is refused
		refused, err := w.Spend(t.Context(), noon, []throttle.Charge{charge(spent, noon), charge(fresh, noon)})
		require.NoError(t, err)
		require.Equal(t, map[string]throttle.State{string(spent): full}, refused)
	}
	refused, err := w.Spend(t.Context(), noon, []throttle.Charge{charge(spent, noon), charge(fresh, noon)})
	require.NoError(t, err)
	require.Equal(t, map[string]throttle.State{string(spent): full, string(fresh): full}, refused)

	refused, err = w.Spend(t.Context(), noon, nil)
	require.NoError(t, err)
	require.Empty(t, refused)
}

func throttleTwice(t *testing.T, w World) {
	key := random(32)
	twice := []throttle.Charge{charge(key, noon), charge(key, noon)}
	for range lane.Burst / 2 {
		refused, err := w.Spend(t.Context(), noon, twice)
		require.NoError(t, err)
		require.Empty(t, refused)
	}
	refused, err := w.Spend(t.Context(), noon, twice)
	require.NoError(t, err)
	require.Len(t, refused, 1)
}

func throttleMilliseconds(t *testing.T, w World) {
	key := random(32)
	quick := throttle.Charge{Key: key, TAT: noon.Add(7 * time.Millisecond), Limit: noon.Add(7 * time.Millisecond)}
	refused, err := w.Spend(t.Context(), noon, []throttle.Charge{quick})
	require.NoError(t, err)
	require.Empty(t, refused)
	refused, err = w.Spend(t.Context(), noon, []throttle.Charge{quick})
	require.NoError(t, err)
	require.Equal(t, map[string]throttle.State{string(key): {TAT: noon.Add(7 * time.Millisecond)}}, refused)
	// Finer parts are cut off, in any zone.
	late := noon.Add(7*time.Millisecond + 900*time.Microsecond).In(time.FixedZone("east", 3600))
	again := throttle.Charge{Key: key, TAT: late.Add(7 * time.Millisecond), Limit: late.Add(7 * time.Millisecond)}
	refused, err = w.Spend(t.Context(), late, []throttle.Charge{again})
	require.NoError(t, err)
	require.Empty(t, refused)
}

func throttleNothing(t *testing.T, w World) {
	never := throttle.Charge{Key: random(32), TAT: noon.Add(time.Minute), Limit: noon}
	for range 2 { // a key never seen stays so
		refused, err := w.Spend(t.Context(), noon, []throttle.Charge{never})
		require.NoError(t, err)
		require.Equal(t, map[string]throttle.State{string(never.Key): {}}, refused)
	}
}

func throttleRefund(t *testing.T, w World) {
	key, unknown := random(32), random(32)
	spend := func() int {
		n := 0
		for {
			refused, err := w.Spend(t.Context(), noon, []throttle.Charge{charge(key, noon)})
			require.NoError(t, err)
			if len(refused) > 0 {
				return n
			}
			n++
		}
	}
	require.Equal(t, 10, spend())
	require.NoError(t, w.Refund(t.Context(), noon, []throttle.Refund{
		{Key: key, Amount: lane.Every}, {Key: unknown, Amount: lane.Every}, {Key: key, Amount: 2 * lane.Every},
	}))
	require.Equal(t, 3, spend())
	// Not below now: what is given back beyond a full burst is lost.
	require.NoError(t, w.Refund(t.Context(), noon, []throttle.Refund{{Key: key, Amount: 1000 * lane.Every}}))
	require.Equal(t, 10, spend())
	// A state that has passed is left alone: a refund never makes it later.
	later := noon.Add(24 * time.Hour)
	require.NoError(t, w.Refund(t.Context(), later, []throttle.Refund{{Key: key, Amount: lane.Every}}))
	refused, err := w.Spend(t.Context(), noon, []throttle.Charge{charge(key, noon)})
	require.NoError(t, err)
	require.Equal(t, map[string]throttle.State{string(key): {TAT: noon.Add(10 * time.Minute)}}, refused)
}

func throttleAtOnce(t *testing.T, w World) {
	key := random(32)
	var allowed atomic.Int64
	errs := inParallel(200, func(int) error {
		refused, err := w.Spend(t.Context(), noon, []throttle.Charge{charge(key, noon)})
		if err == nil && len(refused) == 0 {
			allowed.Add(1)
		}
		return err
	})
	require.NoError(t, errors.Join(errs...))
	require.EqualValues(t, lane.Burst, allowed.Load())
}

// throttleManyKeys charges the same keys in two orders: stores that lock in the order given would
// wait for each other.
func throttleManyKeys(t *testing.T, w World) {
	a, b, c := random(32), random(32), random(32)
	errs := inParallel(60, func(i int) error {
		charges := []throttle.Charge{charge(a, noon), charge(b, noon), charge(c, noon)}
		refunds := []throttle.Refund{{Key: a, Amount: 1}, {Key: b, Amount: 1}, {Key: c, Amount: 1}}
		if i%2 == 0 {
			charges[0], charges[2] = charges[2], charges[0]
			refunds[0], refunds[2] = refunds[2], refunds[0]
		}
		_, err := w.Spend(t.Context(), noon, charges)
		return errors.Join(err, w.Refund(t.Context(), noon, refunds))
	})
	require.NoError(t, errors.Join(errs...))
}

func throttlePurge(t *testing.T, w World) {
	spend := func(key []byte, tat time.Time) {
		_, err := w.Spend(t.Context(), noon, []throttle.Charge{{Key: key, TAT: tat, Limit: tat}})
		require.NoError(t, err)
	}
	border := random(32)
	for i := range 7 {
		spend(random(32), noon.Add(time.Duration(i)*time.Millisecond))
	}
	spend(border, noon.Add(7*time.Millisecond))
	for _, batch := range []struct{ limit, want int }{{0, 0}, {-1, 0}, {3, 3}, {3, 3}, {3, 1}, {3, 0}} {
		n, err := w.PurgeThrottle(t.Context(), noon.Add(7*time.Millisecond), batch.limit)
		require.NoError(t, err)
		require.Equal(t, batch.want, n, "limit %d", batch.limit)
	}
	refused, err := w.Spend(t.Context(), noon, []throttle.Charge{{Key: border, TAT: noon.Add(time.Second), Limit: noon.Add(time.Second)}})
	require.NoError(t, err)
	require.Equal(t, map[string]throttle.State{string(border): {TAT: noon.Add(7 * time.Millisecond)}}, refused, "the one at the border is still there")
	n, err := w.PurgeThrottle(t.Context(), noon.Add(8*time.Millisecond), 3)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

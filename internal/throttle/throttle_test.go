package throttle

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestSpend(t *testing.T) {
	t.Parallel()
	lane := Lane{Burst: 3, Every: time.Minute}
	for name, c := range map[string]struct {
		tat  time.Duration // after begin; 0: never seen
		next time.Duration
		wait time.Duration
	}{
		"never seen":              {next: time.Minute},
		"long ago":                {tat: -time.Hour, next: time.Minute},
		"one used":                {tat: time.Minute, next: 2 * time.Minute},
		"the last one":            {tat: 2 * time.Minute, next: 3 * time.Minute},
		"a little over":           {tat: 2*time.Minute + 1, wait: 1},
		"none left":               {tat: 3 * time.Minute, wait: time.Minute},
		"none left, half a while": {tat: 2*time.Minute + 30*time.Second, wait: 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := State{}
			if c.tat != 0 {
				state.TAT = begin.Add(c.tat)
			}
			next, wait := lane.Spend(begin, state)
			require.Equal(t, c.wait, wait)
			if wait > 0 {
				require.Equal(t, state, next, "a try that is refused costs nothing")
				return
			}
			require.Equal(t, begin.Add(c.next), next.TAT)
		})
	}
}

// However tries are spread, no more are allowed than come at once and back since, and one that
// waits as long as it is told is allowed.
func TestSpendProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lane := Lane{Burst: rapid.IntRange(1, 20).Draw(t, "burst"), Every: time.Duration(rapid.IntRange(1, 1000).Draw(t, "every")) * time.Millisecond}
		now, state, allowed := begin, State{}, 0
		for _, pause := range rapid.SliceOfN(rapid.IntRange(0, 1500), 1, 200).Draw(t, "pauses") {
			now = now.Add(time.Duration(pause) * time.Millisecond)
			next, wait := lane.Spend(now, state)
			if wait > 0 {
				_, again := lane.Spend(now.Add(wait), state)
				_, tooSoon := lane.Spend(now.Add(wait-1), state)
				if again != 0 || tooSoon == 0 {
					t.Fatalf("after waiting %v: %v; a moment before: %v", wait, again, tooSoon)
				}
				continue
			}
			allowed++
			state = next
			if most := lane.Burst + int(now.Sub(begin)/lane.Every); allowed > most {
				t.Fatalf("%d allowed, at most %d", allowed, most)
			}
		}
	})
}

// memory is a Store for tests.
type memory struct {
	mu  sync.Mutex
	tat map[string]time.Time
}

func (m *memory) Spend(_ context.Context, now time.Time, charges []Charge) (map[string]State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	refused := map[string]State{}
	for _, c := range charges {
		from := m.tat[string(c.Key)]
		if from.Before(now) {
			from = now
		}
		if next := from.Add(c.TAT.Sub(now)); next.After(c.Limit) {
			refused[string(c.Key)] = State{TAT: from}
		} else {
			m.tat[string(c.Key)] = next
		}
	}
	return refused, nil
}

func (m *memory) Refund(_ context.Context, now time.Time, refunds []Refund) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range refunds {
		m.tat[string(r.Key)] = m.tat[string(r.Key)].Add(-r.Amount)
		if m.tat[string(r.Key)].Before(now) {
			delete(m.tat, string(r.Key))
		}
	}
	return nil
}

// clock is set by hand.
type clock struct{ now time.Time }

func newLimiter() (*Limiter, *memory, *clock) {
	store, hands := &memory{tat: map[string]time.Time{}}, &clock{begin}
	return New(store, []byte("key"), func() time.Time { return hands.now }), store, hands
}

// tries counts how many guesses of a user are allowed before one is not, each another one from
// another address.
func tries(t *testing.T, l *Limiter, user string) int {
	t.Helper()
	for n := range 100 {
		guess := string(rune('A' + n))
		wait, err := l.BeginLogin(t.Context(), "address of "+guess, user, guess)
		require.NoError(t, err)
		if wait > 0 {
			return n
		}
		l.FailLogin(user, guess)
	}
	return 100
}

func TestLimiterCounts(t *testing.T) {
	t.Parallel()
	l, store, clock := newLimiter()
	require.Equal(t, 10, tries(t, l, "alice"))
	require.Equal(t, 10, tries(t, l, "bob"), "each user has tries of his own")
	clock.now = clock.now.Add(15 * time.Minute)
	require.Equal(t, 1, tries(t, l, "alice"), "one more every quarter of an hour")
	clock.now = clock.now.Add(repeatFor) // the guesses from before are no repeats
	require.NoError(t, l.PassLogin(t.Context(), "address", "alice"))
	require.Equal(t, 10, tries(t, l, "alice"), "a success forgets all")
	for key := range store.tat {
		require.Len(t, key, 32, "keys are MACs")
	}
}

// A guess that is repeated within moments counts once; the third time it counts again, and so it
// does later, for another user, or after it was no guess.
func TestLimiterRepeats(t *testing.T) {
	t.Parallel()
	l, _, clock := newLimiter()
	taken := func(user, guess string) bool { return l.repeat.take(clock.now, user, guess) }
	require.False(t, taken("alice", "x"), "never seen")
	l.FailLogin("alice", "x")
	require.False(t, taken("alice", "y"))
	require.False(t, taken("bob", "x"))
	require.True(t, taken("alice", "x"))
	require.False(t, taken("alice", "x"), "once only")
	l.FailLogin("alice", "x")
	require.False(t, taken("alice", "x"), "failing again does not give another")
	clock.now = clock.now.Add(repeatFor)
	l.FailLogin("alice", "x")
	require.True(t, taken("alice", "x"), "after a while it is a new guess")
	l.FailLogin("alice", "z")
	clock.now = clock.now.Add(repeatFor)
	require.False(t, taken("alice", "z"), "too late")
}

func TestUndo(t *testing.T) {
	t.Parallel()
	l, _, _ := newLimiter()
	for range 50 {
		wait, err := l.BeginLogin(t.Context(), "192.0.2.1", "alice", "x")
		require.NoError(t, err)
		require.Zero(t, wait)
		require.NoError(t, l.UndoLogin(t.Context(), "192.0.2.1", "alice"))
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for address, counted := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"::ffff:192.0.2.1":     "192.0.2.1",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1": "2001:db8:1:2::/64",
		"2001:db8:1:3::1":      "2001:db8:1:3::/64",
		"fe80::1%eth0":         "fe80::/64",
		"":                     "",
		"not an address":       "not an address",
	} {
		require.Equal(t, counted, network(address), address)
	}
}

func (m *memory) PurgeThrottle(_ context.Context, before time.Time, limit int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	deleted := 0
	for key, tat := range m.tat {
		if deleted < limit && tat.Before(before) {
			delete(m.tat, key)
			deleted++
		}
	}
	return deleted, nil
}

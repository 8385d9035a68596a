package throttle

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// memoryStore is a Store in memory.
type memoryStore struct {
	mu         sync.Mutex
	tat        map[string]time.Time
	networks   map[string]KnownNetwork
	remembered int // calls of RefundAndRemember
}

func (m *memoryStore) Spend(_ context.Context, now time.Time, c Charges) (spent Spent, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	second := c.Second
	for _, mac := range c.Networks {
		if n, ok := m.networks[string(mac)]; ok && n.ExpiresAt.After(now) && n.ExpiresAt.After(spent.KnownUntil) {
			spent.KnownUntil, second = n.ExpiresAt, c.Known
		}
	}
	for _, c := range []Charge{c.First, second} {
		if c.Key == nil {
			continue
		}
		from := m.tat[string(c.Key)]
		if from.Before(now) {
			from = now
		}
		next := from.Add(c.TAT.Sub(now))
		if next.After(c.Limit) {
			spent.Refused, spent.State = c.Key, State{TAT: from}
			return spent, nil
		}
		m.tat[string(c.Key)] = next
	}
	return spent, nil
}

func (m *memoryStore) Refund(_ context.Context, now time.Time, refunds []Refund) error {
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

func (m *memoryStore) PurgeThrottle(_ context.Context, before time.Time, limit int) (int, error) {
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

// clock is a clock that tests set.
type clock struct{ now time.Time }

func newLimiter() (*Limiter, *memoryStore, *clock) {
	store, c := &memoryStore{tat: map[string]time.Time{}, networks: map[string]KnownNetwork{}}, &clock{start}
	return New(store, [][]byte{[]byte("key")}, func() time.Time { return c.now }), store, c
}

// allowedLogins returns how many wrong passwords of a user are allowed before one is refused. Each
// attempt has another password and another address.
func allowedLogins(t *testing.T, l *Limiter, user string) int {
	t.Helper()
	for n := range 100 {
		password := string(rune('A' + n))
		counter, wait, err := l.CountLogin(t.Context(), "address of "+password, user, 0, "", password)
		require.NoError(t, err)
		if wait > 0 {
			return n
		}
		l.LoginFailed(counter, password)
	}
	return 100
}

func TestLoginsPerUser(t *testing.T) {
	t.Parallel()
	l, store, clock := newLimiter()
	require.Equal(t, 10, allowedLogins(t, l, "alice"))
	require.Equal(t, 10, allowedLogins(t, l, "bob"), "each user has a separate limit")
	clock.now = clock.now.Add(15 * time.Minute)
	require.Equal(t, 1, allowedLogins(t, l, "alice"), "one more attempt every 15 minutes")
	clock.now = clock.now.Add(repeatWithin) // the earlier passwords no longer count as repeated
	clock.now = clock.now.Add(14 * time.Minute)
	require.Zero(t, allowedLogins(t, l, "alice"))
	for key := range store.tat {
		require.Len(t, key, 32, "keys are MACs")
	}
}

func TestRefundLogin(t *testing.T) {
	t.Parallel()
	l, _, _ := newLimiter()
	for range 50 {
		counter, wait, err := l.CountLogin(t.Context(), "192.0.2.1", "alice", 0, "", "x")
		require.NoError(t, err)
		require.Zero(t, wait)
		require.NoError(t, l.RefundLogin(t.Context(), "192.0.2.1", counter))
	}
}

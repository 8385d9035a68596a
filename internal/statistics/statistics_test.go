package statistics_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/statistics"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// memory is a store of hours in memory, which can be away.
type memory struct {
	mu     sync.Mutex
	away   error
	hours  map[time.Time]statistics.Hour
	counts int    // calls of CountLevels
	slow   func() // called by CountLevels
}

func (m *memory) change(at time.Time, do func(*statistics.Hour)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away != nil {
		return m.away
	}
	h := m.hours[at]
	h.At = at
	do(&h)
	m.hours[at] = h
	return nil
}

func (m *memory) AddCounts(_ context.Context, hour time.Time, c statistics.Counts) error {
	return m.change(hour, func(h *statistics.Hour) {
		h.SignIns, h.Failures, h.Refreshes, h.Refused = h.SignIns+c.SignIns, h.Failures+c.Failures, h.Refreshes+c.Refreshes, h.Refused+c.Refused
	})
}

func (m *memory) PutLevels(_ context.Context, hour time.Time, l statistics.Levels) error {
	return m.change(hour, func(h *statistics.Hour) { h.Levels = &l })
}

func (m *memory) Hours(_ context.Context, from time.Time) (all []statistics.Hour, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for at, h := range m.hours {
		if !at.Before(from) {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b statistics.Hour) int { return a.At.Compare(b.At) })
	return all, m.away
}

func (m *memory) CountLevels(context.Context, time.Time) (statistics.Levels, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts++
	if m.slow != nil {
		m.slow()
	}
	return statistics.Levels{Sessions: 7, Users: 9}, m.away
}

func (m *memory) PurgeHours(context.Context, time.Time, int) (int, error) { return 0, m.away }

// newService returns a service at a time that the test can set.
func newService(checks ...statistics.Check) (*statistics.Service, *memory, *time.Time) {
	store, now := &memory{hours: map[time.Time]statistics.Hour{}}, noon.Add(10*time.Minute)
	return statistics.New(statistics.Options{Store: store, Checks: checks, Now: func() time.Time { return now }}), store, &now
}

func TestCountsAreStoredByTheHour(t *testing.T) {
	t.Parallel()
	s, store, now := newService()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { s.SignedIn(true); s.SignedIn(false); s.Refreshed(); s.Refused() })
	}
	all.Wait()
	require.NoError(t, s.Work(t.Context()))
	*now = now.Add(time.Hour)
	s.SignedIn(true)
	require.NoError(t, s.Work(t.Context()))
	require.NoError(t, s.Work(t.Context()), "nothing is counted twice")
	hundred, levels := statistics.Counts{SignIns: 100, Failures: 100, Refreshes: 100, Refused: 100}, &statistics.Levels{Sessions: 7, Users: 9}
	require.Equal(t, map[time.Time]statistics.Hour{
		noon:                {At: noon, Counts: hundred, Levels: levels},
		noon.Add(time.Hour): {At: noon.Add(time.Hour), Counts: statistics.Counts{SignIns: 1}, Levels: levels},
	}, store.hours)
}

func TestCountsSurviveAnOutage(t *testing.T) {
	t.Parallel()
	s, store, _ := newService()
	s.SignedIn(true)
	store.away = errors.New("away")
	require.ErrorIs(t, s.Work(t.Context()), store.away)
	s.SignedIn(true)
	store.away = nil
	require.NoError(t, s.Flush(t.Context()))
	require.EqualValues(t, 2, store.hours[noon].SignIns)
}

// Sessions and users are counted now and then, not each time that counts are stored.
func TestLevelsAreCountedNowAndThen(t *testing.T) {
	t.Parallel()
	s, store, now := newService()
	for range 30 {
		require.NoError(t, s.Work(t.Context()))
		*now = now.Add(time.Second)
	}
	require.Equal(t, 3, store.counts, "every ten seconds")
	store.slow = func() { *now = now.Add(time.Second) } // from now on, counting takes a second
	require.NoError(t, s.Work(t.Context()))
	for range 10 {
		*now = now.Add(time.Minute - time.Second)
		require.NoError(t, s.Work(t.Context()))
	}
	require.Equal(t, 4, store.counts, "the pause is 600 times as long as counting takes")
}

func TestSeries(t *testing.T) {
	t.Parallel()
	s, store, _ := newService()
	early, late := &statistics.Levels{Sessions: 1}, &statistics.Levels{Sessions: 2}
	for at, h := range map[time.Time]statistics.Hour{
		noon: {Counts: statistics.Counts{SignIns: 1}}, noon.Add(-2 * time.Hour): {Counts: statistics.Counts{SignIns: 2}, Levels: late},
		noon.Add(-11 * time.Hour): {Counts: statistics.Counts{SignIns: 4}, Levels: early}, noon.Add(-13 * time.Hour): {Counts: statistics.Counts{SignIns: 8}},
		noon.Add(12 * time.Hour): {Counts: statistics.Counts{SignIns: 16}}, // the clock of another replica is ahead
	} {
		h.At = at
		store.hours[at] = h
	}
	hours, err := s.Series(t.Context(), statistics.Hourly, 3)
	require.NoError(t, err)
	require.Equal(t, []statistics.Hour{
		{At: noon.Add(-2 * time.Hour), Counts: statistics.Counts{SignIns: 2}, Levels: late}, {At: noon.Add(-time.Hour)}, {At: noon, Counts: statistics.Counts{SignIns: 1}},
	}, hours)
	days, err := s.Series(t.Context(), statistics.Daily, 2)
	require.NoError(t, err)
	midnight := noon.Add(-12 * time.Hour)
	require.Equal(t, []statistics.Hour{
		{At: midnight.AddDate(0, 0, -1), Counts: statistics.Counts{SignIns: 8}}, {At: midnight, Counts: statistics.Counts{SignIns: 7}, Levels: late},
	}, days)
}

func TestAttention(t *testing.T) {
	t.Parallel()
	warning, problem := statistics.Finding{Code: "w", Level: statistics.Warning}, statistics.Finding{Code: "p", Level: statistics.Problem}
	s, store, _ := newService(func(context.Context) ([]statistics.Finding, error) {
		return []statistics.Finding{warning, problem}, nil
	})
	found, err := s.Attention(t.Context())
	require.NoError(t, err)
	require.Equal(t, []statistics.Finding{problem, warning}, found, "the most urgent comes first")
	for range 12 {
		s.Refused()
	}
	require.NoError(t, s.Flush(t.Context()))
	found, err = s.Attention(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 3)
	require.Equal(t, "rate_limited", found[1].Code)
	require.EqualValues(t, 12, found[1].Count)
	store.away = errors.New("away")
	_, err = s.Attention(t.Context())
	require.ErrorIs(t, err, store.away)
}

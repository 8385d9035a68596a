package audit_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store/storetest/memory"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newLog returns a log of n events, one a minute, the oldest at noon. Odd ones are failures of ann.
func newLog(t *testing.T, n int, now time.Time) *audit.Log {
	t.Helper()
	store := memory.New()
	for i := range n {
		e := audit.New(t.Context(), noon.Add(time.Duration(i)*time.Minute), audit.UserSignedIn, fmt.Sprint(i), "")
		if i%2 == 1 {
			e = e.Failed("wrong")
			e.ActorID = "ann"
		}
		require.NoError(t, store.AppendEvent(t.Context(), e))
	}
	log, err := audit.NewLog(store, func() time.Time { return now })
	require.NoError(t, err)
	return log
}

// pages returns the targets of the events on every page.
func pages(t *testing.T, log *audit.Log, q audit.Query) (all [][]string) {
	t.Helper()
	for {
		events, next, err := log.Page(t.Context(), q)
		require.NoError(t, err)
		targets := []string{}
		for _, e := range events {
			targets = append(targets, e.Target)
		}
		all = append(all, targets)
		if next == nil {
			return all
		}
		require.Less(t, len(all), 10, "the log must end")
		q.Before = *next
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	log := newLog(t, 5, noon)
	for name, c := range map[string]struct {
		query audit.Query
		want  [][]string
	}{
		"one page":         {audit.Query{Limit: 9}, [][]string{{"4", "3", "2", "1", "0"}}},
		"exactly one page": {audit.Query{Limit: 5}, [][]string{{"4", "3", "2", "1", "0"}}},
		"one event more":   {audit.Query{Limit: 4}, [][]string{{"4", "3", "2", "1"}, {"0"}}},
		"three pages":      {audit.Query{Limit: 2}, [][]string{{"4", "3"}, {"2", "1"}, {"0"}}},
		"of one user":      {audit.Query{Limit: 1, UserID: "ann"}, [][]string{{"3"}, {"1"}}},
		"failures":         {audit.Query{Limit: 2, Outcome: audit.Failure}, [][]string{{"3", "1"}}},
		"none":             {audit.Query{Limit: 2, Action: audit.UserDeleted}, [][]string{{}}},
	} {
		require.Equal(t, c.want, pages(t, log, c.query), name)
	}
}

// Events of the same second have an order, so that no page repeats or omits one.
func TestPageOfOneSecond(t *testing.T) {
	t.Parallel()
	store := memory.New()
	for i := range 5 {
		require.NoError(t, store.AppendEvent(t.Context(), audit.New(t.Context(), noon, audit.UserSignedIn, fmt.Sprint(i), "")))
	}
	log, err := audit.NewLog(store, time.Now)
	require.NoError(t, err)
	require.Equal(t, [][]string{{"4", "3"}, {"2", "1"}, {"0"}}, pages(t, log, audit.Query{Limit: 2}))
}

// An event is kept for the whole retention time.
func TestPurge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after time.Duration // since noon
		limit int
		want  int
	}{
		"too young":          {after: time.Hour, limit: 10},
		"one second too old": {after: time.Hour + time.Second, limit: 10, want: 1},
		"a fraction":         {after: time.Hour + 999*time.Millisecond, limit: 10},
		"three":              {after: time.Hour + 3*time.Minute, limit: 10, want: 3},
		"all":                {after: 2 * time.Hour, limit: 10, want: 5},
		"the limit":          {after: 2 * time.Hour, limit: 2, want: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newLog(t, 5, noon.Add(c.after).In(time.FixedZone("", 3600)))
			n, err := log.Purge(t.Context(), time.Hour, c.limit)
			require.NoError(t, err)
			require.Equal(t, c.want, n)
			events, _, err := log.Page(t.Context(), audit.Query{Limit: 10})
			require.NoError(t, err)
			require.Len(t, events, 5-c.want)
		})
	}
}

func TestLogOutage(t *testing.T) {
	t.Parallel()
	log := newLog(t, 1, noon)
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	_, _, err := log.Page(ctx, audit.Query{Limit: 1})
	require.ErrorIs(t, err, fault.ErrUnavailable)
	_, err = log.Purge(ctx, 0, 1)
	require.ErrorIs(t, err, fault.ErrUnavailable)
}

func TestNewLog(t *testing.T) {
	t.Parallel()
	_, err := audit.NewLog(nil, time.Now)
	require.Error(t, err)
	_, err = audit.NewLog(memory.New(), nil)
	require.Error(t, err)
}

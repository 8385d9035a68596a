package storetest

import (
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

func testAudit(t *testing.T, open func(*testing.T) World) {
	cases(t, open, map[string]func(*testing.T, World){
		"round trip": auditRoundTrip,
		"pages":      auditPages,
		"filters":    auditFilters,
		"purge":      auditPurge,
	})
}

func auditRoundTrip(t *testing.T, w World) {
	full := newEvent()
	requireFilled(t, full)
	bare := audit.Event{ID: newUUID(), At: noon, Action: audit.UserDeleted, Outcome: audit.Failure}
	for _, e := range []audit.Event{full, bare} {
		require.NoError(t, w.AppendEvent(t.Context(), e))
		require.Equal(t, []audit.Event{e}, events(t, w, e.ID))
	}
	east := newEvent()
	east.At = noon.Add(999 * time.Millisecond).In(time.FixedZone("east", 3600))
	require.NoError(t, w.AppendEvent(t.Context(), east))
	east.At = noon // equal to the second, and in UTC
	require.Equal(t, []audit.Event{east}, events(t, w, east.ID))
	require.NoError(t, w.AppendEvent(t.Context(), audit.Event{}), "nothing is kept of nothing")
	require.Empty(t, events(t, w, ""))
}

// mustAppend stores events of a few seconds, newest first.
func mustAppend(t *testing.T, w World, n int, edit func(int, *audit.Event)) []audit.Event {
	t.Helper()
	made := make([]audit.Event, n)
	for i := range made {
		made[i] = newEvent()
		made[i].At = noon.Add(time.Duration(i/3) * time.Second)
		edit(i, &made[i])
		require.NoError(t, w.AppendEvent(t.Context(), made[i]))
	}
	sort.Slice(made, func(i, j int) bool {
		if made[i].At.Equal(made[j].At) {
			return made[i].ID > made[j].ID
		}
		return made[i].At.After(made[j].At)
	})
	return made
}

func auditPages(t *testing.T, w World) {
	user := newUUID()
	all := mustAppend(t, w, 11, func(i int, e *audit.Event) {
		switch i % 4 { // each of his is there once, also where he acts upon himself
		case 0:
			e.ActorID = user
		case 1:
			e.TargetID = user
		case 2:
			e.ActorID, e.TargetID = user, user
		}
	})
	var his []audit.Event
	for _, e := range all {
		if e.ActorID == user || e.TargetID == user {
			his = append(his, e)
		}
	}
	require.Len(t, his, 9)
	for name, test := range map[string]struct {
		q    audit.Query
		want []audit.Event
	}{"all": {audit.Query{}, all}, "his": {audit.Query{UserID: user}, his}} {
		var got []audit.Event
		q := test.q
		q.Limit = 4
		for {
			page, err := w.Events(t.Context(), q)
			require.NoError(t, err, name)
			require.LessOrEqual(t, len(page), 4, name)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			q.Before = audit.Position{At: page[len(page)-1].At, ID: page[len(page)-1].ID}
		}
		require.Equal(t, test.want, got, name)
	}
	for _, limit := range []int{0, -1} {
		page, err := w.Events(t.Context(), audit.Query{Limit: limit})
		require.NoError(t, err)
		require.Empty(t, page)
	}
}

func auditFilters(t *testing.T, w World) {
	user := newUUID()
	mustAppend(t, w, 8, func(i int, e *audit.Event) {
		if i&1 != 0 {
			e.Action = audit.UserSignedIn
		}
		if i&2 != 0 {
			e.Outcome = audit.Failure
		}
		if i&4 != 0 {
			e.ActorID = user
		}
	})
	for _, test := range []struct {
		q    audit.Query
		want int
	}{
		{audit.Query{}, 8},
		{audit.Query{Action: audit.UserSignedIn}, 4},
		{audit.Query{Action: audit.UserDeleted}, 0},
		{audit.Query{Outcome: audit.Failure}, 4},
		{audit.Query{Outcome: audit.Failure, Action: audit.UserSignedIn}, 2},
		{audit.Query{UserID: user}, 4},
		{audit.Query{UserID: user, Outcome: audit.Failure, Action: audit.UserSignedIn}, 1},
		{audit.Query{UserID: newUUID()}, 0},
		{audit.Query{UserID: "x"}, 0},
		{audit.Query{UserID: "\x00"}, 0},
		{audit.Query{Action: "\xff"}, 0},
	} {
		test.q.Limit = 100
		got, err := w.Events(t.Context(), test.q)
		require.NoError(t, err)
		require.Len(t, got, test.want, "%+v", test.q)
		for _, e := range got {
			require.True(t, test.q.Action == "" || e.Action == test.q.Action)
			require.True(t, test.q.Outcome == "" || e.Outcome == test.q.Outcome)
		}
	}
}

func auditPurge(t *testing.T, w World) {
	mustAppend(t, w, 7, func(i int, e *audit.Event) { e.At = noon.Add(time.Duration(i) * time.Second) })
	border := newEvent()
	border.At = noon.Add(7 * time.Second)
	require.NoError(t, w.AppendEvent(t.Context(), border))
	requireBatches(t, func(limit int) (int, error) { return w.PurgeEvents(t.Context(), border.At, limit) })
	require.Equal(t, []audit.Event{border}, events(t, w, border.ID))
	n, err := w.PurgeEvents(t.Context(), border.At.Add(time.Second), 3)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// requireBatches fails unless purge finds seven rows, at most as many at a time as it is told to.
func requireBatches(t *testing.T, purge func(limit int) (int, error)) {
	t.Helper()
	for _, batch := range []struct{ limit, want int }{{0, 0}, {-1, 0}, {3, 3}, {3, 3}, {3, 1}, {3, 0}} {
		n, err := purge(batch.limit)
		require.NoError(t, err)
		require.Equal(t, batch.want, n, "limit %d", batch.limit)
	}
}

package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

var auditTests = tests[Accounts]{
	"stored fields":   auditStoredFields,
	"invalid text":    auditInvalidText,
	"pages":           auditPages,
	"pages of a user": auditUserPages,
	"page sizes":      auditPageSizes,
	"filters":         auditFilters,
	"purge":           auditPurge,
}

// eventsWithID returns the stored events with an id.
func eventsWithID(t *testing.T, db audit.Store, id string) []audit.Event {
	t.Helper()
	events, err := db.Events(t.Context(), audit.Query{Limit: 10_000})
	require.NoError(t, err)
	return slices.DeleteFunc(events, func(e audit.Event) bool { return e.ID != id })
}

// mustEvent returns the stored event with an id.
func mustEvent(t *testing.T, db audit.Store, id string) audit.Event {
	t.Helper()
	events := eventsWithID(t, db, id)
	require.Len(t, events, 1)
	return events[0]
}

func auditStoredFields(t *testing.T, db Accounts) {
	full := newEvent()
	requireNoZeroFields(t, full)
	empty := audit.Event{ID: uuid.NewString(), At: noon, Action: audit.UserDeleted, Outcome: audit.Failure}
	for _, e := range []audit.Event{full, empty} {
		require.NoError(t, db.AppendEvent(t.Context(), e))
		require.Equal(t, e, mustEvent(t, db, e.ID))
	}
	east := newEvent()
	east.At = noon.Add(999 * time.Millisecond).In(time.FixedZone("east", 3600))
	require.NoError(t, db.AppendEvent(t.Context(), east))
	east.At = noon // UTC in whole seconds
	require.Equal(t, east, mustEvent(t, db, east.ID))
	require.NoError(t, db.AppendEvent(t.Context(), audit.Event{}))
	require.Empty(t, eventsWithID(t, db, ""), "an event without an action was stored")
}

// auditInvalidText checks that an event is stored even if it quotes text that no column can hold.
func auditInvalidText(t *testing.T, db Accounts) {
	for text, stored := range map[string]string{"a\x00b": "a\uFFFDb", "a\xff": "a\uFFFD", `\u0000"'`: `\u0000"'`, "🗝️": "🗝️"} {
		e := newEvent()
		e.Target, e.UserAgent, e.Reason = text, text, text
		require.NoError(t, db.AppendEvent(t.Context(), e))
		e.Target, e.UserAgent, e.Reason = stored, stored, stored
		require.Equal(t, e, mustEvent(t, db, e.ID))
	}
}

// mustAppendEvents stores n events, three of them in each second, and returns them newest first.
func mustAppendEvents(t *testing.T, db Accounts, n int, edit func(int, *audit.Event)) []audit.Event {
	t.Helper()
	events := make([]audit.Event, n)
	for i := range events {
		events[i] = newEvent()
		events[i].At = noon.Add(time.Duration(i/3) * time.Second)
		edit(i, &events[i])
		require.NoError(t, db.AppendEvent(t.Context(), events[i]))
	}
	slices.SortFunc(events, func(a, b audit.Event) int {
		if a.At.Equal(b.At) {
			return strings.Compare(b.ID, a.ID)
		}
		return b.At.Compare(a.At)
	})
	return events
}

// allEventPages returns the events of all pages of a query.
func allEventPages(t *testing.T, db audit.Store, q audit.Query) []audit.Event {
	t.Helper()
	var events []audit.Event
	for {
		page, err := db.Events(t.Context(), q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), q.Limit)
		if len(page) == 0 {
			return events
		}
		events = append(events, page...)
		last := page[len(page)-1]
		q.Before = audit.Position{At: last.At, ID: last.ID}
	}
}

func auditPages(t *testing.T, db Accounts) {
	want := mustAppendEvents(t, db, 11, func(int, *audit.Event) {})
	require.Equal(t, want, allEventPages(t, db, audit.Query{Limit: 4}))
}

// auditUserPages checks that the list has each event of a user once: as actor, as target, or as both.
func auditUserPages(t *testing.T, db Accounts) {
	user := uuid.NewString()
	events := mustAppendEvents(t, db, 11, func(i int, e *audit.Event) {
		switch i % 4 {
		case 0:
			e.ActorID = user
		case 1:
			e.TargetID = user
		case 2:
			e.ActorID, e.TargetID = user, user
		}
	})
	want := slices.DeleteFunc(events, func(e audit.Event) bool { return e.ActorID != user && e.TargetID != user })
	require.Len(t, want, 9)
	require.Equal(t, want, allEventPages(t, db, audit.Query{UserID: user, Limit: 4}))
}

func auditPageSizes(t *testing.T, db Accounts) {
	mustAppendEvents(t, db, 3, func(int, *audit.Event) {})
	for limit, want := range map[int]int{-1: 0, 0: 0, 2: 2, 9: 3} {
		page, err := db.Events(t.Context(), audit.Query{Limit: limit})
		require.NoError(t, err)
		require.Len(t, page, want, limit)
	}
}

func auditFilters(t *testing.T, db Accounts) {
	user := uuid.NewString()
	mustAppendEvents(t, db, 8, func(i int, e *audit.Event) {
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
		{audit.Query{UserID: uuid.NewString()}, 0},
		{audit.Query{UserID: "x"}, 0},
		{audit.Query{UserID: "\x00"}, 0},
		{audit.Query{Action: "\xff"}, 0},
	} {
		test.q.Limit = 100
		got, err := db.Events(t.Context(), test.q)
		require.NoError(t, err)
		require.Len(t, got, test.want, "%+v", test.q)
		for _, e := range got {
			require.True(t, test.q.Action == "" || e.Action == test.q.Action)
			require.True(t, test.q.Outcome == "" || e.Outcome == test.q.Outcome)
		}
	}
}

func auditPurge(t *testing.T, db Accounts) {
	mustAppendEvents(t, db, 7, func(i int, e *audit.Event) { e.At = noon.Add(time.Duration(i) * time.Second) })
	kept := newEvent()
	kept.At = noon.Add(7 * time.Second)
	require.NoError(t, db.AppendEvent(t.Context(), kept))
	requireBatches(t, func(limit int) (int, error) { return db.PurgeEvents(t.Context(), kept.At, limit) })
	require.Equal(t, kept, mustEvent(t, db, kept.ID))
	n, err := db.PurgeEvents(t.Context(), kept.At.Add(time.Second), 3)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

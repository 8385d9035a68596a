package storetest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// recordedMethod prepares a store for a method that stores the record of a change. It returns a call that
// makes a change, and calls that make none.
type recordedMethod[S Accounts] func(t *testing.T, db S) (change func(audit.Change) error, noChanges []noChange)

// noChange is a call that changes nothing. want is nil if the call returns no error.
type noChange struct {
	reason string
	do     func(audit.Change) error
	want   error
}

// changeRecordTests returns a test for each method.
func changeRecordTests[S Accounts](methods ...map[string]recordedMethod[S]) tests[S] {
	all := tests[S]{}
	for _, group := range methods {
		for name, method := range group {
			all[name] = func(t *testing.T, db S) { requireRecordOfChange(t, db, method) }
		}
	}
	return all
}

// requireRecordOfChange fails unless a method stores the record if and only if it makes the change.
func requireRecordOfChange[S Accounts](t *testing.T, db S, method recordedMethod[S]) {
	t.Helper()
	makeChange, noChanges := method(t, db)
	for _, call := range noChanges {
		change := newChange()
		if err := call.do(change); call.want == nil {
			require.NoError(t, err, call.reason)
		} else {
			require.ErrorIs(t, err, call.want, call.reason)
		}
		requireNotRecorded(t, db, change)
	}
	change := newChange()
	requireNoZeroFields(t, change)
	require.NoError(t, makeChange(change))
	requireRecorded(t, db, change, outbox.Email) // and not the notice: no webhook is active
}

// requireRecorded fails unless the event of a change is stored, and of its jobs only those of some kinds.
func requireRecorded(t *testing.T, db Accounts, change audit.Change, kinds ...outbox.Kind) {
	t.Helper()
	require.Equal(t, change.Event, mustEvent(t, db, change.Event.ID))
	require.ElementsMatch(t, kinds, storedKinds(t, db, change))
}

// requireNotRecorded fails if the event or a job of a change is stored.
func requireNotRecorded(t *testing.T, db Accounts, change audit.Change) {
	t.Helper()
	require.Empty(t, eventsWithID(t, db, change.Event.ID))
	require.Empty(t, storedKinds(t, db, change))
}

// storedKinds returns the kinds of those jobs of a change that are stored.
func storedKinds(t *testing.T, db Accounts, change audit.Change) []outbox.Kind {
	t.Helper()
	var kinds []outbox.Kind
	for _, j := range allJobs(t, db) {
		if slices.ContainsFunc(change.Jobs, func(of outbox.Job) bool { return of.ID == j.ID }) {
			kinds = append(kinds, j.Kind)
		}
	}
	return kinds
}

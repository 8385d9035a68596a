package audit_test

import (
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
)

func TestNewEvent(t *testing.T) {
	t.Parallel()
	actor := audit.Actor{Name: "ann", ID: "ann-id", ClientID: "web", Address: "192.0.2.1", UserAgent: "curl", RequestID: "r1"}
	now := noon.Add(999 * time.Millisecond).In(time.FixedZone("", 3600))
	e := audit.New(audit.With(t.Context(), &actor), now, audit.UserDeleted, "bob", "bob-id")
	id, err := uuid.Parse(e.ID)
	require.NoError(t, err)
	require.EqualValues(t, 7, id.Version())
	require.Equal(t, audit.Event{
		ID: e.ID, At: noon, Action: audit.UserDeleted, Outcome: audit.Success, Actor: "ann", ActorID: "ann-id", ClientID: "web",
		Target: "bob", TargetID: "bob-id", Address: "192.0.2.1", UserAgent: "curl", RequestID: "r1",
	}, e)
}

// Every action of the package is in the list.
func TestActions(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("event.go")
	require.NoError(t, err)
	var declared []audit.Action
	for _, match := range regexp.MustCompile(`(?m)^\t\w+ +Action = "(.+)"$`).FindAllStringSubmatch(string(source), -1) {
		declared = append(declared, audit.Action(match[1]))
	}
	require.NotEmpty(t, declared)
	require.Equal(t, declared, audit.Actions)
}

func TestEventWithoutActor(t *testing.T) {
	t.Parallel()
	require.Zero(t, audit.By(t.Context()))
	e := audit.New(t.Context(), noon, audit.UserDeleted, "bob", "bob-id")
	require.Empty(t, e.Actor)
	require.Empty(t, e.ActorID)
}

// The innermost actor of a context counts, with what was found out about it later.
func TestActorReplaced(t *testing.T) {
	t.Parallel()
	outer := audit.With(t.Context(), &audit.Actor{Address: "192.0.2.1"})
	actor := audit.Actor{Address: "192.0.2.1"}
	inner := audit.With(outer, &actor)
	actor.Name = "ann"
	require.Equal(t, "ann", audit.By(inner).Name)
	require.Empty(t, audit.By(outer).Name)
}

func TestEventsAreValues(t *testing.T) {
	t.Parallel()
	e := audit.New(t.Context(), noon, audit.UserSignedIn, "", "")
	failed := e.Failed("wrong")
	require.Equal(t, audit.Success, e.Outcome, "the original is unchanged")
	require.Equal(t, audit.Failure, failed.Outcome)
	require.Equal(t, "wrong", failed.Reason)
	because := e.Because("role")
	require.Equal(t, audit.Success, because.Outcome)
	require.Equal(t, "role", because.Reason)
	require.Empty(t, e.Reason)
}

// Events of one second sort by id in the order in which they happened.
func TestEventIDsAreOrdered(t *testing.T) {
	t.Parallel()
	before := ""
	for range 1000 {
		e := audit.New(t.Context(), noon, audit.UserSignedIn, "", "")
		require.Greater(t, e.ID, before)
		before = e.ID
	}
}

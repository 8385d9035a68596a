package audit

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/outbox"
)

// Action names what was done, or tried.
type Action string

// The actions. The part before the dot is what was acted upon.
const (
	UserRegistered    Action = "user.registered"
	UserCreated       Action = "user.created"
	UserUpdated       Action = "user.updated"
	UserVerified      Action = "user.verified"
	UserSignedIn      Action = "user.signed_in"
	UserDisabled      Action = "user.disabled"
	UserEnabled       Action = "user.enabled"
	UserDeleted       Action = "user.deleted"
	UserImported      Action = "user.imported"
	EmailChangeAsked  Action = "user.email_change_requested"
	PasswordChanged   Action = "user.password_changed"
	ResetRequested    Action = "user.reset_requested"
	RoleGranted       Action = "user.role_granted"
	RoleRevoked       Action = "user.role_revoked"
	SessionEnded      Action = "session.ended"
	SessionsEnded     Action = "session.all_ended"
	RefreshReused     Action = "session.refresh_reused"
	TokenRevoked      Action = "session.token_revoked"
	ClientToken       Action = "client.token_issued"
	ClientCreated     Action = "client.created"
	ClientUpdated     Action = "client.updated"
	ClientDeleted     Action = "client.deleted"
	ClientSecretAdded Action = "client.secret_rotated"
	ClientRefused     Action = "client.authentication_failed"
	RolePut           Action = "role.changed"
	RoleDeleted       Action = "role.deleted"
	HookCreated       Action = "hook.created"
	HookDeleted       Action = "hook.deleted"
)

// Outcome says whether it was done.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Failure Outcome = "failure"
)

// Event is one thing that was done or tried. Every text may be empty but Action and Outcome.
type Event struct {
	ID        string    // UUID
	At        time.Time // UTC, whole seconds
	Action    Action
	Outcome   Outcome
	Reason    string // a stable word, why it failed or was done
	Actor     string // username, client id, or operator
	ActorID   string // user's UUID
	ClientID  string // the client that the actor used
	Target    string // the name of what was acted upon
	TargetID  string
	Address   string // IP address
	UserAgent string
	RequestID string
}

// Actor is who acts, and from where. It is of the request, not of the act, and travels in its context.
type Actor struct {
	Name      string
	ID        string
	ClientID  string
	Address   string
	UserAgent string
	RequestID string
}

// Operator is whoever has the database: the commands act for him.
var Operator = Actor{Name: "operator"}

type actorKey struct{}

// With puts who acts into the context.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// By gives who acts.
func By(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// New makes the event of an act that succeeds, by whoever the context says.
func New(ctx context.Context, id string, now time.Time, action Action, target, targetID string) Event {
	by := By(ctx)
	return Event{
		ID: id, At: now, Action: action, Outcome: Success, Actor: by.Name, ActorID: by.ID, ClientID: by.ClientID,
		Target: target, TargetID: targetID, Address: by.Address, UserAgent: by.UserAgent, RequestID: by.RequestID,
	}
}

// Failed returns a copy of the event for an act that failed.
func (e Event) Failed(reason string) Event {
	e.Outcome, e.Reason = Failure, reason
	return e
}

// Because returns a copy with a reason.
func (e Event) Because(reason string) Event {
	e.Reason = reason
	return e
}

// Note is what is kept of a change in the same act as the change: its event, and the jobs that
// follow from it. A store that does not make the change MUST keep nothing of its note.
type Note struct {
	Event Event
	Jobs  []outbox.Job
}

// Query asks for events, newest first.
type Query struct {
	Before  Position // the zero Position is the newest
	UserID  string   // who acted or was acted upon
	Action  Action
	Outcome Outcome
	Limit   int
}

// Position is after which event a page begins.
type Position struct {
	At time.Time
	ID string
}

// Log keeps events.
type Log interface {
	// AppendEvent keeps an event of its own, of an act that changed nothing.
	AppendEvent(ctx context.Context, e Event) error
	// Events gives events by (At, ID), newest first.
	Events(ctx context.Context, q Query) ([]Event, error)
	// PurgeEvents deletes at most limit events from before a time, and gives their number.
	PurgeEvents(ctx context.Context, before time.Time, limit int) (int, error)
}

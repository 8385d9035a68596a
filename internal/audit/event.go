package audit

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Action names what was done or attempted.
type Action string

// The actions. The part before the dot is the kind of the target.
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
	ClientKeyRotated  Action = "client.token_key_rotated"
	ClientRefused     Action = "client.authentication_failed"
	RolePut           Action = "role.changed"
	RoleDeleted       Action = "role.deleted"
	HookCreated       Action = "hook.created"
	HookUpdated       Action = "hook.updated"
	HookDeleted       Action = "hook.deleted"
	KeyRotated        Action = "key.rotated"
	KeyRevoked        Action = "key.revoked"
	DatabaseRestored  Action = "database.restored"
)

// Actions are all actions.
var Actions = []Action{
	UserRegistered, UserCreated, UserUpdated, UserVerified, UserSignedIn, UserDisabled, UserEnabled,
	UserDeleted, UserImported, EmailChangeAsked, PasswordChanged, ResetRequested, RoleGranted, RoleRevoked,
	SessionEnded, SessionsEnded, RefreshReused, TokenRevoked, ClientToken, ClientCreated, ClientUpdated,
	ClientDeleted, ClientSecretAdded, ClientKeyRotated, ClientRefused, RolePut, RoleDeleted, HookCreated,
	HookUpdated, HookDeleted, KeyRotated, KeyRevoked, DatabaseRestored,
}

// Outcome is how an action ended.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Failure Outcome = "failure"
)

// Event is one thing that was done or attempted. Every text except Action and Outcome may be empty.
type Event struct {
	ID        string    // UUIDv7: events of one second sort in the order in which they happened
	At        time.Time // UTC, whole seconds
	Action    Action
	Outcome   Outcome
	Reason    string // a stable word for why it failed or was done
	Actor     string // username, client id or "operator"
	ActorID   string // the user's UUID
	ClientID  string // the client the actor used
	Target    string // name of the target
	TargetID  string
	Address   string // IP address
	UserAgent string
	RequestID string
}

// Actor is who acts and from where. It belongs to the request and travels in its context, or with a message whose user is
// looked up later.
type Actor struct {
	Name      string `json:"name,omitempty"`
	ID        string `json:"id,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Address   string `json:"address,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// ByOperator returns a context that carries the actor of the commands: someone with access to the database.
func ByOperator(ctx context.Context) context.Context { return With(ctx, &Actor{Name: "operator"}) }

type actorKey struct{}

// With returns a context that carries the actor. What is found out about the actor later may be added to a, as
// long as no other goroutine uses the context.
func With(ctx context.Context, a *Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// By returns the actor that ctx carries, or the zero Actor.
func By(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(*Actor); ok {
		return *a
	}
	return Actor{}
}

// New returns the event of an action that succeeds at now, performed by the actor of ctx.
func New(ctx context.Context, now time.Time, action Action, target, targetID string) Event {
	by := By(ctx)
	return Event{
		ID: uuid.Must(uuid.NewV7()).String(), At: now.UTC().Truncate(time.Second),
		Action: action, Outcome: Success, Actor: by.Name, ActorID: by.ID, ClientID: by.ClientID,
		Target: target, TargetID: targetID, Address: by.Address, UserAgent: by.UserAgent, RequestID: by.RequestID,
	}
}

// Failed returns a copy of the event for an action that failed.
func (e Event) Failed(reason string) Event {
	e.Outcome, e.Reason = Failure, reason
	return e
}

// Because returns a copy with a reason.
func (e Event) Because(reason string) Event {
	e.Reason = reason
	return e
}

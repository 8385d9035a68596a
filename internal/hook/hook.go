package hook

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// Hook is somebody who is told of events.
type Hook struct {
	ID        string // UUID
	URL       string
	Events    []audit.Action // none is all
	Active    bool           // whether it is told
	CreatedAt time.Time      // UTC, whole seconds
}

// Events are those that a hook can be told of.
var Events = []audit.Action{
	audit.UserRegistered, audit.UserVerified, audit.UserSignedIn, audit.PasswordChanged, audit.ResetRequested,
	audit.UserDisabled, audit.UserDeleted, audit.RoleGranted, audit.RoleRevoked,
}

// wants says whether a hook is to be told of an event.
func (h Hook) wants(event audit.Action) bool {
	return h.Active && slices.Contains(Events, event) && (len(h.Events) == 0 || slices.Contains(h.Events, event))
}

// Status says how a delivery stands.
type Status string

// The states.
const (
	Delivered Status = "delivered"
	Retrying  Status = "retrying" // the last try failed, and there will be another
	Failed    Status = "failed"   // given up; Replay tries again
)

// Delivery is one event for one hook, and how the last try went.
type Delivery struct {
	ID        string // UUID; the webhook-id of every try
	HookID    string
	Event     audit.Action
	Body      []byte // as it was sent
	Status    Status
	Attempts  int
	Response  int       // HTTP status; 0 if there was no answer
	Error     string    // empty if delivered
	CreatedAt time.Time // when the event was; times are UTC, in whole seconds
	TriedAt   time.Time // last
}

// Store keeps hooks and the log of deliveries. Every method is one atomic act.
type Store interface {
	// CreateHook keeps a new hook and its note, in one act. Order and number of Events MUST be kept.
	CreateHook(ctx context.Context, h Hook, n audit.Note) error
	// Hooks gives all hooks, by (CreatedAt, ID).
	Hooks(ctx context.Context) ([]Hook, error)
	// DeleteHook deletes a hook with its deliveries and keeps the note, in one act. It answers
	// account.ErrNotFound, and then MUST keep nothing of the note.
	DeleteHook(ctx context.Context, id string, n audit.Note) error
	// RecordDelivery keeps a delivery, in place of one with the same ID if there is one. It answers
	// account.ErrNotFound if there is no such hook, and then MUST keep nothing.
	RecordDelivery(ctx context.Context, d Delivery) error
	// Deliveries gives at most limit deliveries of a hook by (CreatedAt, ID), newest first. An
	// unknown hook has none.
	Deliveries(ctx context.Context, hookID string, limit int) ([]Delivery, error)
	// Delivery gives one delivery. It answers account.ErrNotFound, also to what is no UUID.
	Delivery(ctx context.Context, id string) (Delivery, error)
	// PurgeDeliveries deletes at most limit deliveries last tried before a time, and gives their number.
	PurgeDeliveries(ctx context.Context, before time.Time, limit int) (int, error)
}

// checkURL refuses what a call must not be sent to: with names of users, it goes under TLS or stays
// on this machine.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || strings.ContainsAny(text, " \t\r\n"):
		return account.Errorf(account.InvalidRequest, "the address of a hook is a URL, as in https://example.com/hook")
	case u.User != nil:
		return account.Errorf(account.InvalidRequest, "the address of a hook has no user and password; verify its signatures instead")
	case u.Fragment != "":
		return account.Errorf(account.InvalidRequest, "the address of a hook has no part after #; it would not be sent")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return account.Errorf(account.InvalidRequest, "the address of a hook begins with https://, or with http:// on this machine")
	}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// checkEvents refuses events that nobody is told of.
func checkEvents(all []audit.Action) error {
	for _, event := range all {
		if !slices.Contains(Events, event) {
			names := make([]string, len(Events))
			for i, known := range Events {
				names[i] = string(known)
			}
			return account.Errorf(account.InvalidRequest, "hooks are told of %s alone", strings.Join(names, ", "))
		}
	}
	return nil
}

package hook

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/loopback"
)

// Hook is a webhook: a URL to which events are sent.
type Hook struct {
	ID        string // UUID
	URL       string
	Events    []audit.Action // empty: all of Events
	Active    bool           // false: no events are sent
	CreatedAt time.Time      // UTC, whole seconds
}

// Patch changes the members that are not nil.
type Patch struct {
	Events *[]audit.Action // empty: all of Events
	Active *bool
}

// Failing is a webhook whose deliveries fail.
type Failing struct {
	HookID     string
	URL        string
	Deliveries int       // that have not been delivered
	Oldest     time.Time // when the oldest of their events happened
}

// Test is the event that Service.Test sends. It is about no user.
const Test audit.Action = "hook.test"

// Inactive is the error code for a webhook that receives nothing because it is not active.
const Inactive fault.Code = "hook_inactive"

var errInactive = fault.Errorf(Inactive, "this webhook is not active; activate it first")

// Events are the events that can be sent to a webhook.
var Events = []audit.Action{
	audit.UserRegistered, audit.UserVerified, audit.UserSignedIn, audit.PasswordChanged, audit.ResetRequested,
	audit.UserDisabled, audit.UserDeleted, audit.RoleGranted, audit.RoleRevoked,
}

// wants reports whether an event is to be sent to the webhook.
func (h Hook) wants(event audit.Action) bool {
	return h.Active && slices.Contains(Events, event) && (len(h.Events) == 0 || slices.Contains(h.Events, event))
}

// checkURL checks the URL of a new webhook. Events contain names and addresses of users, so they
// are sent over TLS or stay on this machine.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || strings.ContainsAny(text, " \t\r\n"):
		return fault.Errorf(fault.InvalidRequest, "the webhook URL must be a full URL, such as https://example.com/hook")
	case u.User != nil:
		return fault.Errorf(fault.InvalidRequest, "the webhook URL cannot contain a username or password; verify signatures instead")
	case u.Fragment != "":
		return fault.Errorf(fault.InvalidRequest, "the webhook URL cannot contain a fragment (#); it would not be sent")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback.Is(u.Hostname())):
		return fault.Errorf(fault.InvalidRequest, "the webhook URL must start with https://, or with http:// for a receiver on this machine")
	}
	return nil
}

// checkEvents rejects events that are not in Events.
func checkEvents(all []audit.Action) error {
	for _, event := range all {
		if !slices.Contains(Events, event) {
			return fault.Errorf(fault.InvalidRequest, "unknown event; supported events: %s", eventNames())
		}
	}
	return nil
}

func eventNames() string {
	names := make([]string, len(Events))
	for i, event := range Events {
		names[i] = string(event)
	}
	return strings.Join(names, ", ")
}

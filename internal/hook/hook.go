package hook

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// Hook is a webhook: a URL to which events are sent.
type Hook struct {
	ID        string // UUID
	URL       string
	Events    []audit.Action // empty: all of Events
	Active    bool           // false: no events are sent
	CreatedAt time.Time      // UTC, whole seconds
}

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
		return account.Errorf(account.InvalidRequest, "the webhook URL must be a full URL, such as https://example.com/hook")
	case u.User != nil:
		return account.Errorf(account.InvalidRequest, "the webhook URL cannot contain a username or password; verify signatures instead")
	case u.Fragment != "":
		return account.Errorf(account.InvalidRequest, "the webhook URL cannot contain a fragment (#); it would not be sent")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return account.Errorf(account.InvalidRequest, "the webhook URL must start with https://, or with http:// for a receiver on this machine")
	}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// checkEvents rejects events that are not in Events.
func checkEvents(all []audit.Action) error {
	for _, event := range all {
		if !slices.Contains(Events, event) {
			return account.Errorf(account.InvalidRequest, "unknown event; supported events: %s", eventNames())
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

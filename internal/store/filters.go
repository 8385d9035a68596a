package store

import (
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// UserActive is the condition that the users row u is active at a time.
func UserActive(now string) string { return `(u.active OR u.disabled_until <= ` + now + `)` }

// FilterUsers adds the conditions of q on the users row u, other than the role and the prefix. now is
// q.Now as the engine stores times.
func FilterUsers(c *Conditions, q account.Query, now any) {
	if q.UsernameKey != "" {
		c.Add(`u.username_key = ?`, q.UsernameKey)
	}
	if q.EmailKey != "" {
		c.Add(`u.email_key = ?`, q.EmailKey)
	}
	if q.Verified != nil {
		c.Add(`u.email_verified = ?`, *q.Verified)
	}
	switch {
	case q.Active == nil:
	case *q.Active:
		c.Add(UserActive("?"), now)
	default: // NOT u.active matches the index users_inactive
		c.Add(`NOT u.active AND (u.disabled_until IS NULL OR u.disabled_until > ?)`, now)
	}
}

// FilterRole adds the condition that the users row u has a role. An empty name adds none.
func FilterRole(c *Conditions, role string) {
	if role != "" {
		c.Add(`EXISTS (SELECT 1 FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id WHERE ur.user_id = u.id AND r.name = ?)`, role)
	}
}

// FilterEvents adds the conditions of q on action and outcome.
func FilterEvents(c *Conditions, q audit.Query) {
	if q.Action != "" {
		c.Add(`action = ?`, string(q.Action))
	}
	if q.Outcome != "" {
		c.Add(`outcome = ?`, string(q.Outcome))
	}
}

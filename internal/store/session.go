package store

import (
	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// SessionAndUser is a session with its user, if it has one.
type SessionAndUser struct {
	Session oauth.Session
	User    account.User
}

// How many of the sessions and clients that were used last a store remembers at least; at most there are twice as many.
// So many sessions take 9 MB.
const (
	RememberedSessions = 16384
	RememberedClients  = 1024
)

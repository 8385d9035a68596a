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

// How many sessions, users and clients a store remembers.
const (
	RememberedSessions = 32768
	RememberedUsers    = 32768
	RememberedClients  = 2048
)

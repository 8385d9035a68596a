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

// Clone returns a copy that shares no memory with the original.
func (s SessionAndUser) Clone() SessionAndUser {
	return SessionAndUser{Session: s.Session.Clone(), User: s.User.Clone()}
}

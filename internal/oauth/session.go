package oauth

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// Session is one sign-in of one user by one client. Every token carries its id as the sid claim,
// so that ending the session ends them all. Times are UTC in whole seconds.
type Session struct {
	ID            string // UUID, the sid claim
	FamilyID      []byte // 16 random bytes, known only to refresh tokens; unique
	UserID        string
	UserEpoch     int64 // account.User.Epoch when the password was checked
	ClientID      string
	Scopes        []string
	Address       string // the caller's IP address
	UserAgent     string
	CreatedAt     time.Time
	IdleUntil     time.Time // ends without a refresh
	AbsoluteUntil time.Time // ends in any case
}

// SessionStore keeps sessions.
type SessionStore interface {
	// CreateSession stores s. It MUST answer account.ErrNotFound and store nothing when the user is
	// gone, not active, or has another epoch: a sign-in that raced with a password change loses.
	CreateSession(ctx context.Context, s Session) error
	// SessionUser gives the user of a live session. It answers account.ErrNotFound when at now the
	// session is unknown, revoked or past either end, or its user is gone, not active, or has
	// another epoch.
	SessionUser(ctx context.Context, id string, now time.Time) (account.User, error)
}

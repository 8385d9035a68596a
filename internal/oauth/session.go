package oauth

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Session is one sign-in of one user by one client, or one token of a client that acts for itself.
// Every token carries its id as the sid claim, so ending the session ends them all. Times are UTC in
// whole seconds.
type Session struct {
	ID            string // UUID, the sid claim
	FamilyID      []byte // 16 random bytes that only refresh tokens contain; unique
	UserID        string // empty: the client acts for itself
	UserEpoch     int64  // account.User.Epoch when the password was checked
	ClientID      string
	Scopes        []string // as granted; a refresh may narrow one token, never the session
	Counter       int64    // of the newest refresh token
	RotatedAt     time.Time
	Repeats       int    // responses that returned the newest token again
	Address       string // the caller's IP address at the last use
	UserAgent     string
	CreatedAt     time.Time
	LastUsedAt    time.Time
	IdleUntil     time.Time // when it ends without a refresh
	AbsoluteUntil time.Time // when it ends in any case
	RevokedAt     time.Time // zero: not revoked
	RevokedReason string
}

// Reasons for which a session was revoked.
const (
	EndedBySignOut  = "signed_out"
	EndedByRevoke   = "revoked"
	EndedByReuse    = "refresh_reuse"
	EndedByNumber   = "too_many_sessions"
	EndedByUser     = "ended_by_user"
	EndedByAdmin    = "ended_by_administrator"
	EndedByPassword = account.EndedByPassword
	EndedByDisable  = account.EndedByDisable
	EndedByClient   = "client_disabled"
)

// MaxSessions is the largest number of live sessions of a user. A new one ends those used longest ago.
const MaxSessions = 50

// Expires returns when the session ends if it is not used.
func (s Session) Expires() time.Time {
	if s.AbsoluteUntil.Before(s.IdleUntil) {
		return s.AbsoluteUntil
	}
	return s.IdleUntil
}

// extend sets when the session ends if it is not used again: never after its absolute end.
func (s *Session) extend(until time.Time) {
	s.IdleUntil = until
	s.IdleUntil = s.Expires()
}

// alive reports whether the session works at now for its user, which is the zero User if the client
// acts for itself.
func (s Session) alive(u account.User, now time.Time) bool {
	if !s.RevokedAt.IsZero() || !now.Before(s.Expires()) {
		return false
	}
	return s.UserID == "" || u.ID == s.UserID && u.ActiveAt(now) && u.Epoch == s.UserEpoch
}

// Rotation is one use of the newest refresh token of a session.
type Rotation struct {
	FamilyID  []byte
	Counter   int64 // of the presented token, which is the newest
	ClientID  string
	Address   string
	Now       time.Time
	IdleUntil time.Time // or AbsoluteUntil, if that is earlier
}

// Rotated returns the session as RotateSession leaves it, or fault.ErrNotFound if it must change nothing. It is for
// stores that read the session and its user before they change it, in the same act.
func (s Session) Rotated(r Rotation, u account.User) (Session, error) {
	if s.Counter != r.Counter || s.ClientID != r.ClientID || !s.alive(u, r.Now) {
		return Session{}, fault.ErrNotFound
	}
	s.Counter++
	s.RotatedAt, s.LastUsedAt, s.Address, s.Repeats = r.Now, r.Now, r.Address, 0
	s.extend(r.IdleUntil)
	return s, nil
}

// SessionStore stores sessions. Every method is one atomic act.
type SessionStore interface {
	// CreateSession stores s. It MUST return fault.ErrNotFound and store nothing when the user does not
	// exist, is disabled or has another epoch: a sign-in that races with a password change loses. In
	// the same act it revokes the user's live sessions beyond MaxSessions, those used longest ago.
	CreateSession(ctx context.Context, s Session, c audit.Change) error
	// SessionByID returns a session, whatever its state, and its user, which is the zero User if the
	// client acts for itself. fault.ErrNotFound: no such session.
	SessionByID(ctx context.Context, id string) (Session, account.User, error)
	// SessionByFamily is SessionByID by the family of a refresh token.
	SessionByFamily(ctx context.Context, family []byte) (Session, account.User, error)
	// RotateSession increments the counter, sets RotatedAt, LastUsedAt, IdleUntil and Address, and
	// resets Repeats. It returns the session as it is then, and its user as SessionByID does. It MUST change
	// nothing and return fault.ErrNotFound unless at r.Now the session has that family, counter and client,
	// is neither revoked nor past its end, and its user is active and has the same epoch. Of many callers
	// with one counter exactly one succeeds.
	RotateSession(ctx context.Context, r Rotation) (Session, account.User, error)
	// RepeatRotation counts one response that returns the newest token again. It MUST change nothing and
	// return fault.ErrNotFound unless the session has that family and counter and is not revoked.
	RepeatRotation(ctx context.Context, family []byte, counter int64) error
	// RevokeSession revokes a session; if userID is not empty, only one of that user. If it is already
	// revoked, it stores nothing and returns nil. fault.ErrNotFound: no such session.
	RevokeSession(ctx context.Context, id, userID, reason string, now time.Time, c audit.Change) error
	// RevokeSessions revokes all live sessions of a user except one, which may be empty, and returns
	// their number. If there are none, it stores nothing.
	RevokeSessions(ctx context.Context, userID, except, reason string, now time.Time, c audit.Change) (int, error)
	// UserSessions returns the sessions of a user that are live at now, last used first.
	UserSessions(ctx context.Context, userID string, now time.Time) ([]Session, error)
	// PurgeSessions deletes at most limit sessions that were revoked or ended before a time and returns
	// their number.
	PurgeSessions(ctx context.Context, before time.Time, limit int) (int, error)
}

package oauth

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// Session is one sign-in of one user by one client, or one token of a client for itself. Every
// token carries its id as the sid claim, so that ending the session ends them all. Times are UTC
// in whole seconds.
type Session struct {
	ID            string // UUID, the sid claim
	FamilyID      []byte // 16 random bytes, known only to refresh tokens; unique
	UserID        string // empty: the client acts for itself
	UserEpoch     int64  // account.User.Epoch when the password was checked
	ClientID      string
	Scopes        []string // what was granted; a refresh may narrow one token, never the session
	Counter       int64    // of the newest refresh token
	RotatedAt     time.Time
	Repeats       int    // answers that gave the newest token again
	Address       string // the caller's IP address at the last use
	UserAgent     string
	CreatedAt     time.Time
	LastUsedAt    time.Time
	IdleUntil     time.Time // ends without a refresh
	AbsoluteUntil time.Time // ends in any case
	RevokedAt     time.Time // zero: not revoked
	RevokedReason string
}

// Why a session was revoked.
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

// MaxSessions is how many live sessions a user has at most: a new one ends those used longest ago.
const MaxSessions = 50

// Expires is when the session ends if it is not used.
func (s Session) Expires() time.Time {
	if s.AbsoluteUntil.Before(s.IdleUntil) {
		return s.AbsoluteUntil
	}
	return s.IdleUntil
}

// alive says whether a session works at now for its user, who is the zero User where the client
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
	Counter   int64 // that was presented, and is the newest
	ClientID  string
	Address   string
	Now       time.Time
	IdleUntil time.Time // the store keeps it within AbsoluteUntil
}

// SessionStore keeps sessions. Every method is one atomic act.
type SessionStore interface {
	// CreateSession stores s. It MUST answer account.ErrNotFound and store nothing when the user is
	// gone, not active, or has another epoch: a sign-in that raced with a password change loses. In
	// the same act it stores n, and revokes the user's live sessions beyond MaxSessions, those used longest ago.
	CreateSession(ctx context.Context, s Session, n audit.Note) error
	// SessionByID gives a session, whatever its state, and its user, who is the zero User where the
	// client acts for itself. account.ErrNotFound: no such session.
	SessionByID(ctx context.Context, id string) (Session, account.User, error)
	// SessionByFamily is SessionByID by the family of a refresh token.
	SessionByFamily(ctx context.Context, family []byte) (Session, account.User, error)
	// RotateSession counts the refresh token up, sets RotatedAt, LastUsedAt, IdleUntil and Address,
	// and Repeats to 0. It MUST change nothing and answer account.ErrNotFound unless at r.Now the
	// session has that family, counter and client, is not revoked and not past its ends, and its
	// user is active and of the same epoch. Of many callers with one counter exactly one succeeds.
	RotateSession(ctx context.Context, r Rotation) error
	// RepeatRotation counts one answer that gives the newest token again. It MUST change nothing and
	// answer account.ErrNotFound unless the session has that family and counter and is not revoked.
	RepeatRotation(ctx context.Context, family []byte, counter int64) error
	// RevokeSession revokes one session; if userID is not empty, only of that user. It answers
	// account.ErrNotFound where there is none; revoking a revoked one changes nothing, stores no note
	// and is no error.
	RevokeSession(ctx context.Context, id, userID, reason string, now time.Time, n audit.Note) error
	// RevokeSessions revokes all live sessions of a user but one, which may be empty, and gives
	// their number. Where there are none it stores no note.
	RevokeSessions(ctx context.Context, userID, except, reason string, now time.Time, n audit.Note) (int, error)
	// UserSessions gives the live sessions of a user at now, last used first.
	UserSessions(ctx context.Context, userID string, now time.Time) ([]Session, error)
	// PurgeSessions deletes at most limit sessions that were revoked or ended before a time, and
	// gives their number.
	PurgeSessions(ctx context.Context, before time.Time, limit int) (int, error)
}

package oauth

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// verdict is what happens to a presented refresh token.
type verdict int

const (
	refuse   verdict = iota // it does not work
	rotate                  // it is the newest: its successor takes its place
	repeat                  // it was the newest a moment ago: its successor is returned again
	overused                // the same, too often
	reuse                   // it is older: two parties hold it, and one of them is a thief
)

// judge decides as a pure function of the session, the presented counter and the time.
func judge(s Session, u account.User, counter int64, now time.Time, grace time.Duration) verdict {
	if !s.alive(u, now) || counter > s.Counter {
		return refuse
	}
	switch behind := s.Counter - counter; {
	case behind == 0:
		return rotate
	case behind > 1 || now.Sub(s.RotatedAt) >= grace:
		return reuse
	case s.Repeats >= maxRepeats:
		return overused
	default:
		return repeat
	}
}

// rotate increments the counter of the session with the newest token and returns the session as it is then,
// and its user. It returns fault.ErrNotFound unless judge would say rotate.
func (s *Service) rotate(ctx context.Context, token refreshToken, r *grantRequest, now time.Time) (Session, account.User, error) {
	return s.sessions.RotateSession(ctx, Rotation{
		FamilyID: token.family, Counter: token.counter, ClientID: r.client.ID,
		Address: r.Caller.Address, Now: now, IdleUntil: now.Add(s.idle(r.client)),
	})
}

// revokeReused revokes a session whose refresh token was reused. It returns ErrRefresh once that is
// stored.
func (s *Service) revokeReused(ctx context.Context, session Session, from Caller) error {
	s.log.WarnContext(ctx, "refresh token reused, session revoked",
		"session_id", session.ID, "user_id", session.UserID, "client_id", session.ClientID, "address", from.Address)
	if err := s.end(ctx, session, audit.RefreshReused, EndedByReuse); err != nil {
		return err
	}
	return ErrRefresh
}

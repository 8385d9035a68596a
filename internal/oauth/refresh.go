package oauth

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// GrantRefresh is the refresh grant (RFC 6749 §6), with rotation (RFC 9700 §4.14.2).
const GrantRefresh = "refresh_token"

const (
	maxRepeats  = 200 // answers with one successor; more is no retry
	repeatWait  = 2 * time.Second
	rotateTries = 5 // readings of a session that others rotate at the same moment
)

// ErrRefresh is the one answer to a refresh token that does not work, whatever the reason.
var ErrRefresh = account.Errorf(InvalidGrant, "the refresh token is unknown, expired, revoked or used")

func checkRefreshRequest(r TokenRequest) error {
	if r.RefreshToken == "" {
		return account.Errorf(InvalidRequest, "the parameter refresh_token is missing")
	}
	return nil
}

// holder is the client for which a refresh without any client authentication counts: the one that
// the token was issued to, if that is public. A confidential one must authenticate, and its token
// is not used up by a caller that probes how.
func (s *Service) holder(ctx context.Context, token string) (Client, error) {
	presented, ok := s.refreshKeys().decode(token)
	if !ok {
		return Client{}, ErrRefresh
	}
	session, user, err := s.Sessions.SessionByFamily(ctx, presented.family)
	if err != nil {
		return Client{}, refreshFault(err)
	}
	if !session.alive(user, s.now()) {
		return Client{}, ErrRefresh
	}
	client, err := s.clientByID(ctx, session.ClientID)
	switch {
	case errors.Is(err, account.ErrNotFound):
		return Client{}, errClient
	case err != nil:
		return Client{}, err
	case !client.Public || !client.Active:
		return Client{}, errClient
	}
	return client, nil
}

// refreshGrant answers the refresh grant. Sessions are rotated by comparison: it reads, judges, and
// acts if nothing has changed meanwhile; if something has, it reads again.
func (s *Service) refreshGrant(ctx context.Context, r TokenRequest, c Client, asked []string) (TokenResponse, error) {
	presented, ok := s.refreshKeys().decode(r.RefreshToken)
	if !ok {
		return TokenResponse{}, ErrRefresh
	}
	for range rotateTries {
		session, user, err := s.Sessions.SessionByFamily(ctx, presented.family)
		if err != nil {
			return TokenResponse{}, refreshFault(err)
		}
		if session.ClientID != c.ID {
			return TokenResponse{}, ErrRefresh
		}
		now := s.now()
		verdict := judge(session, user, presented.counter, now, s.RefreshGrace)
		scopes, err := refreshScopes(asked, session, user, c)
		if err != nil && (verdict == rotate || verdict == repeat) {
			return TokenResponse{}, err
		}
		successor, err := s.carryOut(ctx, verdict, session, r.Caller, c, now)
		if errors.Is(err, account.ErrNotFound) { // somebody else was faster
			continue
		}
		if err != nil {
			return TokenResponse{}, err
		}
		return s.tokens(c, user, successor, scopes, now)
	}
	return TokenResponse{}, account.ErrUnavailable
}

// verdict is what becomes of a refresh token that was presented.
type verdict int

const (
	refuse   verdict = iota // it does not work
	rotate                  // it is the newest: the next one takes its place
	repeat                  // it was the newest a moment ago: its successor is given again
	overused                // the same, too often
	reuse                   // it is older: two hold it, and one is a thief
)

// judge decides as a function of the session, the counter that was presented and the time alone.
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

// carryOut does what was judged and gives the session as it is then. account.ErrNotFound says that
// the session has changed since it was read. That a session ends by reuse is kept although the
// answer is an error.
func (s *Service) carryOut(ctx context.Context, v verdict, session Session, from Caller, c Client, now time.Time) (Session, error) {
	switch v {
	case rotate:
		session.IdleUntil = earlier(now.Add(s.idle(c)), session.AbsoluteUntil)
		err := s.Sessions.RotateSession(ctx, Rotation{
			FamilyID: session.FamilyID, Counter: session.Counter, ClientID: session.ClientID,
			Address: from.Address, Now: now, IdleUntil: session.IdleUntil,
		})
		session.Counter++
		return session, err
	case repeat:
		return session, s.Sessions.RepeatRotation(ctx, session.FamilyID, session.Counter)
	case overused:
		return Session{}, account.Denied(repeatWait)
	case reuse:
		s.Log.WarnContext(ctx, "refresh token reused: session revoked",
			"session_id", session.ID, "user_id", session.UserID, "client_id", session.ClientID, "address", from.Address)
		note := s.sessionNote(ctx, audit.RefreshReused, session.ID, EndedByReuse)
		note.Event.ActorID, note.Event.ClientID = session.UserID, session.ClientID
		err := s.Sessions.RevokeSession(ctx, session.ID, "", EndedByReuse, now, note)
		if err != nil && !errors.Is(err, account.ErrNotFound) {
			return Session{}, err
		}
		return Session{}, ErrRefresh
	default:
		return Session{}, ErrRefresh
	}
}

// refreshScopes gives the scopes of the next access token: what the session has and the user and the
// client still may have, or less if less was asked (RFC 6749 §6).
func refreshScopes(asked []string, s Session, u account.User, c Client) ([]string, error) {
	return grantScopes(asked, intersect(s.Scopes, u.Scopes), c.Scopes)
}

// refreshFault turns an unknown family into the one answer.
func refreshFault(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return ErrRefresh
	}
	return err
}

func (s *Service) refreshKeys() refreshKeys { return s.RefreshKeys }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

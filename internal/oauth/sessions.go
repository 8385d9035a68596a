package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

func isNotFound(err error) bool { return errors.Is(err, account.ErrNotFound) }

// startSession stores a user's session and gives its first tokens.
func (s *Service) startSession(ctx context.Context, c Client, u account.User, scopes []string, from Caller) (TokenResponse, error) {
	session := s.newSession(c, u, scopes, from)
	note := account.NewNote(ctx, s.Now(), audit.UserSignedIn, u)
	note.Event.ClientID = c.ID
	err := s.Sessions.CreateSession(ctx, session, note)
	if isNotFound(err) { // disabled or changed while the password was checked
		return TokenResponse{}, ErrWrongPassword
	}
	if err != nil {
		return TokenResponse{}, err
	}
	return s.tokens(c, u, session, scopes, session.CreatedAt)
}

func (s *Service) newSession(c Client, u account.User, scopes []string, from Caller) Session {
	now := s.now()
	family := make([]byte, familySize)
	_, _ = rand.Read(family) // never fails: crypto/rand ends the program instead
	absolute := now.Add(s.max(c))
	return Session{
		ID: account.NewID(), FamilyID: family, UserID: u.ID, UserEpoch: u.Epoch, ClientID: c.ID, Scopes: scopes,
		Address: from.Address, UserAgent: from.UserAgent, CreatedAt: now, LastUsedAt: now, RotatedAt: now,
		IdleUntil: earlier(now.Add(s.idle(c)), absolute), AbsoluteUntil: absolute,
	}
}

// UserSessions gives the live sessions of a user, last used first.
func (s *Service) UserSessions(ctx context.Context, userID string) ([]Session, error) {
	return s.Sessions.UserSessions(ctx, userID, s.now())
}

// EndSession ends one session of a user. account.ErrNotFound: he has no such session.
func (s *Service) EndSession(ctx context.Context, userID, id string) error {
	return s.Sessions.RevokeSession(ctx, id, userID, EndedByUser, s.now(), s.sessionNote(ctx, audit.SessionEnded, id, EndedByUser))
}

// EndSessions ends all sessions of a user but one, which may be empty, for a reason.
func (s *Service) EndSessions(ctx context.Context, userID, except, reason string) error {
	_, err := s.Sessions.RevokeSessions(ctx, userID, except, reason, s.now(), s.sessionNote(ctx, audit.SessionsEnded, userID, reason))
	return err
}

// sessionNote is what is kept of the end of a session, or of all of a user's.
func (s *Service) sessionNote(ctx context.Context, action audit.Action, target, reason string) audit.Note {
	return audit.Note{Event: audit.New(ctx, account.NewOrderedID(s.Now()), s.now(), action, "", target).Because(reason)}
}

// What is kept of a dead session, and for how long: long enough to tell its user why.
const (
	keepDead   = 24 * time.Hour
	purgeBatch = 500 // rows at a time, so that nobody waits for long
)

// Purge deletes the sessions that ended a day ago or longer, in small batches, and gives their number.
func (s *Service) Purge(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := s.Sessions.PurgeSessions(ctx, s.now().Add(-keepDead), purgeBatch)
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}

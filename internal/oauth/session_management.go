package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// SessionManager lists, ends and purges sessions.
type SessionManager struct {
	sessions SessionStore
	clock    func() time.Time
}

// NewSessionManager returns the manager of the sessions in a store.
func NewSessionManager(sessions SessionStore, now func() time.Time) (*SessionManager, error) {
	if sessions == nil || now == nil {
		return nil, errors.New("oauth: a session manager needs a store and a clock")
	}
	return &SessionManager{sessions: sessions, clock: now}, nil
}

// UserSessions returns the live sessions of a user, last used first.
func (m *SessionManager) UserSessions(ctx context.Context, userID string) ([]Session, error) {
	return m.sessions.UserSessions(ctx, userID, wholeSecond(m.clock()))
}

// EndSession ends one session of a user. fault.ErrNotFound: the user has no such session.
func (m *SessionManager) EndSession(ctx context.Context, userID, id string) error {
	c := m.sessionChange(ctx, audit.SessionEnded, id, EndedByUser)
	return m.sessions.RevokeSession(ctx, id, userID, EndedByUser, wholeSecond(m.clock()), c)
}

// EndSessions ends all sessions of a user except one, which may be empty.
func (m *SessionManager) EndSessions(ctx context.Context, userID, except, reason string) error {
	c := m.sessionChange(ctx, audit.SessionsEnded, userID, reason)
	_, err := m.sessions.RevokeSessions(ctx, userID, except, reason, wholeSecond(m.clock()), c)
	return err
}

// sessionChange returns what is stored with the end of a session, or of all sessions of a user.
func (m *SessionManager) sessionChange(ctx context.Context, action audit.Action, target, reason string) audit.Change {
	return audit.Change{Event: audit.New(ctx, m.clock(), action, "", target).Because(reason)}
}

// endedRetention is how long ended sessions are stored: long enough to tell users why they ended.
const endedRetention = 24 * time.Hour

// PurgeSessions deletes at most limit sessions that ended a day ago or longer and returns their number.
func (m *SessionManager) PurgeSessions(ctx context.Context, limit int) (int, error) {
	return m.sessions.PurgeSessions(ctx, wholeSecond(m.clock()).Add(-endedRetention), limit)
}

// startSession stores a user's session and returns its first tokens.
func (s *Service) startSession(ctx context.Context, c Client, u account.User, scopes []string, from Caller) (TokenResponse, error) {
	session := s.newSession(c, u, scopes, from)
	change := account.NewChange(ctx, s.clock(), audit.UserSignedIn, u)
	change.Event.ClientID = c.ID
	err := s.sessions.CreateSession(ctx, session, change)
	if isNotFound(err) { // disabled or changed while the password was checked
		return TokenResponse{}, account.ErrInvalidCredentials
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
	session := Session{
		ID: uuid.NewString(), FamilyID: family, UserID: u.ID, UserEpoch: u.Epoch, ClientID: c.ID, Scopes: scopes,
		Address: from.Address, UserAgent: from.UserAgent, CreatedAt: now, LastUsedAt: now, RotatedAt: now,
		AbsoluteUntil: now.Add(s.max(c)),
	}
	session.extend(now.Add(s.idle(c)))
	return session
}

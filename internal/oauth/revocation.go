package oauth

import (
	"context"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// TokenQuery is a well-formed request to the revocation or introspection endpoint.
type TokenQuery struct {
	Token  string
	Client Credentials
	Caller Caller
}

// inspected is a token of either kind that this service issued, and its session.
type inspected struct {
	session Session
	user    account.User
	claims  Claims // of an access token; zero for a refresh token
	live    bool   // works now
}

// inspect identifies a token. found is false for a token that this service did not issue or whose
// session is gone. The caller's hint is not needed (RFC 7009 §2.1).
func (s *Service) inspect(ctx context.Context, token string) (t inspected, found bool, err error) {
	now := s.now()
	if refresh, ok := s.refreshKeys.decode(token); ok {
		t.session, t.user, err = s.sessions.SessionByFamily(ctx, refresh.family)
		verdict := judge(t.session, t.user, refresh.counter, now, s.settings.RefreshGrace)
		t.live = verdict == rotate || verdict == repeat
	} else {
		if t.claims, err = s.keys.Verify(token); err != nil {
			return inspected{}, false, nil //nolint:nilerr // foreign or expired: there is no session to find
		}
		t.session, t.user, err = s.sessions.SessionByID(ctx, t.claims.SessionID)
		t.live = t.session.alive(t.user, now)
	}
	if isNotFound(err) {
		return inspected{}, false, nil
	}
	return t, err == nil, err
}

// Revoke ends the session of a token (RFC 7009). An unknown or expired token is no error. For a token of
// another client it returns invalid_grant and revokes nothing.
func (s *Service) Revoke(ctx context.Context, q TokenQuery) error {
	if q.Token == "" {
		return errTokenMissing
	}
	client, err := s.AuthenticateClient(ctx, q.Client, q.Caller.Address)
	if err != nil {
		return err
	}
	t, found, err := s.inspect(ctx, q.Token)
	if err != nil || !found {
		return err
	}
	if t.session.ClientID != client.ID {
		return fault.Errorf(InvalidGrant, "the token was issued to another client")
	}
	return s.end(ctx, t.session, audit.TokenRevoked, EndedByRevoke)
}

var errTokenMissing = fault.Errorf(fault.InvalidRequest, "the parameter token is missing")

// SignOut ends the session of the first token that has one. An unknown token is no error.
func (s *Service) SignOut(ctx context.Context, tokens ...string) error {
	for _, token := range tokens {
		t, found, err := s.inspect(ctx, token)
		if err != nil {
			return err
		}
		if found {
			return s.end(ctx, t.session, audit.SessionEnded, EndedBySignOut)
		}
	}
	return nil
}

// end revokes a session because of one of its tokens. A session that does not exist any more has ended.
func (s *Service) end(ctx context.Context, session Session, action audit.Action, reason string) error {
	c := s.sessionChange(ctx, action, session.ID, reason)
	c.Event.ActorID, c.Event.ClientID = session.UserID, session.ClientID
	err := s.sessions.RevokeSession(ctx, session.ID, "", reason, s.now(), c)
	if isNotFound(err) {
		return nil
	}
	return err
}

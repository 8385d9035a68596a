package oauth

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// TokenQuery is a well-formed request about a token.
type TokenQuery struct {
	Token  string
	Client Credentials
	Caller Caller
}

// known is a token of ours, of either kind, and the session it belongs to.
type known struct {
	session Session
	user    account.User
	claims  Claims // of an access token; zero for a refresh token
	current bool   // works at this moment
}

// inspect finds out what a token is. found is false for all that is not ours or has no session;
// the hint of the caller is not needed (RFC 7009 §2.1).
func (s *Service) inspect(ctx context.Context, token string) (k known, found bool, err error) {
	now := s.now()
	if presented, ok := s.refreshKeys().decode(token); ok {
		k.session, k.user, err = s.Sessions.SessionByFamily(ctx, presented.family)
		verdict := judge(k.session, k.user, presented.counter, now, s.RefreshGrace)
		k.current = verdict == rotate || verdict == repeat
	} else {
		if k.claims, err = s.Keys.Verify(token); err != nil {
			return known{}, false, nil //nolint:nilerr // not ours, or expired: nothing to find
		}
		k.session, k.user, err = s.Sessions.SessionByID(ctx, k.claims.SessionID)
		k.current = k.session.alive(k.user, now)
	}
	if errors.Is(err, account.ErrNotFound) {
		return known{}, false, nil
	}
	return k, err == nil, err
}

// Revoke ends the session of a token (RFC 7009). A token that is not ours, or works no more, is no
// error; one of another client is invalid_grant, and nothing is revoked.
func (s *Service) Revoke(ctx context.Context, q TokenQuery) error {
	if q.Token == "" {
		return errTokenMissing
	}
	client, err := s.AuthenticateClient(ctx, q.Client, q.Caller.Address)
	if err != nil {
		return err
	}
	k, found, err := s.inspect(ctx, q.Token)
	if err != nil || !found {
		return err
	}
	if k.session.ClientID != client.ID {
		return account.Errorf(InvalidGrant, "the token was issued to another client")
	}
	return s.end(ctx, k.session, audit.TokenRevoked, EndedByRevoke)
}

var errTokenMissing = account.Errorf(InvalidRequest, "the parameter token is missing")

// SignOut ends the session that any of the tokens belongs to. One that is not ours is no error.
func (s *Service) SignOut(ctx context.Context, tokens ...string) error {
	for _, token := range tokens {
		k, found, err := s.inspect(ctx, token)
		if err != nil {
			return err
		}
		if found {
			return s.end(ctx, k.session, audit.SessionEnded, EndedBySignOut)
		}
	}
	return nil
}

// end revokes a session for whoever holds a token of it.
func (s *Service) end(ctx context.Context, session Session, action audit.Action, reason string) error {
	note := s.sessionNote(ctx, action, session.ID, reason)
	note.Event.ActorID, note.Event.ClientID = session.UserID, session.ClientID
	err := s.Sessions.RevokeSession(ctx, session.ID, "", reason, s.now(), note)
	if errors.Is(err, account.ErrNotFound) {
		return nil
	}
	return err
}

// Introspection is what is said of a token (RFC 7662 §2.2). The zero Introspection is inactive.
type Introspection struct {
	Active    bool
	TokenType string
	Username  string
	Subject   string
	ClientID  string
	SessionID string
	TokenID   string // jti
	Issuer    string
	Audience  []string
	Scopes    []string
	Roles     []string
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Introspect says what a token is, to a confidential client that issued it or that it is for.
func (s *Service) Introspect(ctx context.Context, q TokenQuery) (Introspection, error) {
	if q.Token == "" {
		return Introspection{}, errTokenMissing
	}
	client, err := s.AuthenticateClient(ctx, q.Client, q.Caller.Address)
	if err != nil {
		return Introspection{}, err
	}
	if client.Public {
		return Introspection{}, errClient
	}
	k, found, err := s.inspect(ctx, q.Token)
	if err != nil || !found || !k.current {
		return Introspection{}, err
	}
	if k.claims.ID == "" {
		return s.aboutRefreshToken(client, k), nil
	}
	return s.aboutAccessToken(client, k), nil
}

func (s *Service) aboutRefreshToken(asker Client, k known) Introspection {
	if k.session.ClientID != asker.ID {
		return Introspection{}
	}
	return Introspection{
		Active: true, TokenType: "refresh_token", Username: k.user.Username, Subject: k.session.UserID,
		ClientID: k.session.ClientID, SessionID: k.session.ID, Issuer: s.Issuer,
		Scopes: k.session.Scopes, IssuedAt: k.session.CreatedAt, ExpiresAt: k.session.Expires(),
	}
}

func (s *Service) aboutAccessToken(asker Client, k known) Introspection {
	c := s.narrow(k.claims, k.session, k.user)
	isFor := func(audience string) bool { return slices.Contains(s.audience(asker), audience) }
	if c.ClientID != asker.ID && !slices.ContainsFunc(c.Audience, isFor) {
		return Introspection{}
	}
	return Introspection{
		Active: true, TokenType: "Bearer", Username: k.user.Username, Subject: c.Subject, ClientID: c.ClientID,
		SessionID: c.SessionID, TokenID: c.ID, Issuer: c.Issuer, Audience: c.Audience,
		Scopes: c.Scopes, Roles: c.Roles, IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
	}
}

package oauth

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/scope"
)

// GrantRefresh is the refresh grant (RFC 6749 §6) with rotation (RFC 9700 §4.14.2).
const GrantRefresh = "refresh_token"

const (
	maxRepeats     = 200 // responses with the same successor; more is no retry
	repeatWait     = 2 * time.Second
	rotateAttempts = 5 // reads of a session that others rotate at the same moment
)

// errContended is the hidden cause of ErrUnavailable when other requests always rotate first.
var errContended = errors.New("other requests kept rotating the session")

func checkRefreshRequest(r TokenRequest) error {
	if r.RefreshToken == "" {
		return fault.Errorf(fault.InvalidRequest, "the parameter refresh_token is missing")
	}
	return nil
}

// presentedToken is a refresh token with the session it belongs to and that session's user, as read.
type presentedToken struct {
	token   refreshToken
	session Session
	user    account.User
}

func (p presentedToken) resolved() bool { return p.token.family != nil }

// present resolves a refresh token. Its MAC is checked first, so that junk costs no query.
func (s *Service) present(ctx context.Context, token string) (presentedToken, error) {
	decoded, ok := s.refreshKeys.decode(token)
	if !ok {
		s.refreshed(outcomeRefused)
		return presentedToken{}, ErrRefresh
	}
	presented, err := s.read(ctx, decoded)
	if errors.Is(err, ErrRefresh) {
		s.refreshed(outcomeRefused)
	}
	return presented, err
}

// read reads the session of a refresh token and its user.
func (s *Service) read(ctx context.Context, token refreshToken) (presentedToken, error) {
	session, user, err := s.sessions.SessionByFamily(ctx, token.family)
	if isNotFound(err) {
		err = ErrRefresh
	}
	return presentedToken{token: token, session: session, user: user}, err
}

// publicHolder returns the client for which a refresh without client authentication counts: the one
// that the token was issued to, if it is public. A confidential client must authenticate; its token is
// not used up by a caller that probes how.
func (s *Service) publicHolder(ctx context.Context, p presentedToken) (Client, error) {
	if !p.session.alive(p.user, s.now()) {
		s.refreshed(outcomeRefused)
		return Client{}, ErrRefresh
	}
	client, err := s.clientByID(ctx, p.session.ClientID)
	switch {
	case isNotFound(err):
		return Client{}, errClient
	case err != nil:
		return Client{}, err
	case !client.Public || !client.Active:
		return Client{}, errClient
	}
	return client, nil
}

// refreshGrant implements the refresh grant. Sessions are rotated by compare-and-swap: it reads,
// judges, and acts if nothing has changed meanwhile; otherwise it reads again.
func (s *Service) refreshGrant(ctx context.Context, r grantRequest) (response TokenResponse, err error) {
	presented := r.presented
	if !presented.resolved() {
		if presented, err = s.present(ctx, r.RefreshToken); err != nil {
			return TokenResponse{}, err
		}
	}
	for range rotateAttempts {
		response, err = s.refresh(ctx, r, presented)
		if !isNotFound(err) {
			return response, err
		}
		// Another request was faster.
		if presented, err = s.read(ctx, presented.token); err != nil {
			return TokenResponse{}, err
		}
	}
	return TokenResponse{}, fault.ErrUnavailable.Wrap(errContended)
}

// refresh uses a refresh token once. It returns fault.ErrNotFound if the session has changed since it
// was read.
func (s *Service) refresh(ctx context.Context, r grantRequest, p presentedToken) (TokenResponse, error) {
	// 1. The token is this client's.
	if p.session.ClientID != r.client.ID {
		return TokenResponse{}, ErrRefresh
	}
	// 2. The verdict, and the scopes of the next access token.
	now := s.now()
	verdict := judge(p.session, p.user, p.token.counter, now, s.settings.RefreshGrace)
	scopes, err := refreshScopes(r.scopes, p, r.client)
	if err != nil && (verdict == rotate || verdict == repeat) {
		return TokenResponse{}, err
	}
	// 3. Its effect.
	session := p.session
	switch verdict {
	case rotate:
		session, err = s.rotate(ctx, session, r, now)
	case repeat:
		err = s.sessions.RepeatRotation(ctx, session.FamilyID, session.Counter)
	case overused:
		err = fault.Denied(repeatWait)
	case reuse:
		err = s.revokeReused(ctx, session, r.Caller, now)
	default:
		err = ErrRefresh
	}
	s.observeRefresh(verdict, err)
	if err != nil {
		return TokenResponse{}, err
	}
	// 4. The tokens.
	return s.tokens(r.client, p.user, session, scopes, now)
}

// refreshScopes returns the scopes of the next access token: those the session has and the user and the
// client still may have, or fewer if fewer are requested (RFC 6749 §6).
func refreshScopes(requested []string, p presentedToken, c Client) ([]string, error) {
	return grantScopes(requested, scope.Intersect(p.session.Scopes, p.user.Scopes), c.Scopes)
}

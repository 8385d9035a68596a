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

// present resolves a refresh token. Its MAC is checked first, so that junk costs no query.
func (s *Service) present(ctx context.Context, token string) (*presentedToken, error) {
	decoded, ok := s.refreshKeys.decode(token)
	if !ok {
		s.refreshed(outcomeRefused)
		return nil, ErrRefresh
	}
	return s.read(ctx, decoded)
}

// read reads the session of a refresh token and its user.
func (s *Service) read(ctx context.Context, token refreshToken) (*presentedToken, error) {
	session, user, err := s.sessions.SessionByFamily(ctx, token.family)
	if isNotFound(err) {
		s.refreshed(outcomeRefused)
		err = ErrRefresh
	}
	return &presentedToken{token: token, session: session, user: user}, err
}

// publicHolder returns the client for which a refresh without client authentication counts: the one
// that the token was issued to, if it is public. A confidential client must authenticate; its token is
// not used up by a caller that probes how.
func (s *Service) publicHolder(ctx context.Context, p *presentedToken) (Client, error) {
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

// refreshGrant implements the refresh grant. Nearly every token is the newest of its session, so the session
// is rotated without being read first. Only if it cannot be rotated, it is read and judged.
func (s *Service) refreshGrant(ctx context.Context, r *grantRequest) (response TokenResponse, err error) {
	if r.presented == nil {
		response, err = s.refreshNewest(ctx, r)
		if !isNotFound(err) {
			return response, err
		}
		if err := s.resolve(ctx, r); err != nil {
			return TokenResponse{}, err
		}
	}
	return s.refreshJudged(ctx, r)
}

// refreshNewest uses a token that is the newest of its session. It returns fault.ErrNotFound, and has done
// nothing, if it is not, if the session has ended or belongs to another client, or if scopes are requested:
// a token must not be used up for scopes that are then refused.
func (s *Service) refreshNewest(ctx context.Context, r *grantRequest) (TokenResponse, error) {
	token, ok := s.refreshKeys.decode(r.RefreshToken)
	switch {
	case !ok:
		s.refreshed(outcomeRefused)
		return TokenResponse{}, ErrRefresh
	case len(r.scopes) > 0:
		return TokenResponse{}, fault.ErrNotFound
	}
	now := s.now()
	session, user, err := s.rotate(ctx, token, r, now)
	if err != nil {
		return TokenResponse{}, err
	}
	scopes, err := refreshScopes(nil, session, user, r.client)
	if err != nil {
		return TokenResponse{}, err
	}
	response, err := s.tokens(r.client, user, session, scopes, now)
	s.observeRefresh(rotate, err)
	return response, err
}

// resolve reads the session of the refresh token. If the caller has named no client, it also replaces the
// assumed client by the session's, which must be allowed what the caller requests.
func (s *Service) resolve(ctx context.Context, r *grantRequest) (err error) {
	if r.presented, err = s.present(ctx, r.RefreshToken); err != nil || !r.Client.none() {
		return err
	}
	if r.client, err = s.publicHolder(ctx, r.presented); err != nil {
		return err
	}
	return r.client.allows(r.GrantType, r.scopes)
}

// refreshJudged uses a token whose session has been read. Sessions change by compare-and-swap: it judges, and
// acts if nothing has changed meanwhile; otherwise it reads again.
func (s *Service) refreshJudged(ctx context.Context, r *grantRequest) (response TokenResponse, err error) {
	presented := r.presented
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
func (s *Service) refresh(ctx context.Context, r *grantRequest, p *presentedToken) (response TokenResponse, err error) {
	// 1. The token is this client's.
	if p.session.ClientID != r.client.ID {
		s.refreshed(outcomeRefused)
		return TokenResponse{}, ErrRefresh
	}
	// 2. The verdict, and the scopes of the next access token.
	now := s.now()
	verdict := judge(p.session, p.user, p.token.counter, now, s.settings.RefreshGrace)
	scopes, err := refreshScopes(r.scopes, p.session, p.user, r.client)
	if err != nil && (verdict == rotate || verdict == repeat) {
		return TokenResponse{}, err
	}
	// 3. Its effect.
	session, user := p.session, p.user
	switch verdict {
	case rotate:
		session, user, err = s.rotate(ctx, p.token, r, now)
	case repeat:
		err = s.sessions.RepeatRotation(ctx, session.FamilyID, session.Counter)
	case overused:
		err = fault.Denied("", repeatWait)
	case reuse:
		err = s.revokeReused(ctx, session, r.Caller)
	default:
		err = ErrRefresh
	}
	// 4. The tokens.
	if err == nil {
		response, err = s.tokens(r.client, user, session, scopes, now)
	}
	s.observeRefresh(verdict, err)
	return response, err
}

// refreshScopes returns the scopes of the next access token: those the session has and the user and the
// client still may have, or fewer if fewer are requested (RFC 6749 §6).
func refreshScopes(requested []string, s Session, u account.User, c Client) ([]string, error) {
	return grantScopes(requested, scope.Intersect(s.Scopes, u.Scopes), c.Scopes)
}

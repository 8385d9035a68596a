package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Token is what POST /token returns (RFC 6749 §5.1).
type Token struct {
	AccessToken  string
	RefreshToken string    // empty if the client cannot refresh
	Expiry       time.Time // of the access token
	Scope        string    // separated by spaces
}

// TokenError is an error of POST /token or POST /revoke (RFC 6749 §5.2).
type TokenError struct {
	Status      int // of HTTP
	Code        OAuthErrorError
	Description string // for developers
}

// Error returns the code and the description.
func (e *TokenError) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Description) }

// ErrSignedOut is returned when a TokenSource has nothing left to get a token with: the session was
// revoked, or the token cannot be refreshed.
var ErrSignedOut = errors.New("signed out: sign in again")

// TokenSource keeps access tokens valid. It refreshes before expiry, once for any number of callers at the
// same time: a refresh token works once. All methods may be called by several goroutines.
type TokenSource struct {
	client  *ClientWithResponses
	editors []RequestEditorFn
	renew   func(Token) (TokenRequest, bool) // the request for the next token
	now     func() time.Time

	mu     sync.Mutex
	token  Token
	flight *flight // of the request that is under way
}

// flight is a request for a token that several callers wait for.
type flight struct {
	done  chan struct{} // closed when token and err are set
	token Token
	err   error
}

// flightTimeout bounds a request for a token, which does not end with the context of one caller.
const flightTimeout = 30 * time.Second

// refreshable returns the next request of a source with a refresh token.
func refreshable(t Token) (TokenRequest, bool) {
	return TokenRequest{GrantType: GrantTypeRefreshToken, RefreshToken: &t.RefreshToken}, t.RefreshToken != ""
}

// SignIn signs in with a username or email address and a password, and returns a source of the tokens of
// the new session. The editors authenticate a registered client. A wrong password is a TokenError with
// the code OAuthErrorErrorInvalidGrant.
func SignIn(ctx context.Context, c *ClientWithResponses, username, password string, editors ...RequestEditorFn) (*TokenSource, error) {
	s := newSource(c, editors, refreshable)
	var err error
	s.token, err = s.request(ctx, TokenRequest{GrantType: GrantTypePassword, Username: &username, Password: &password})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Resume returns a source for a session whose refresh token was kept. Keep the one of the newest [Token]:
// each works once.
func Resume(c *ClientWithResponses, refreshToken string, editors ...RequestEditorFn) *TokenSource {
	s := newSource(c, editors, refreshable)
	s.token.RefreshToken = refreshToken
	return s
}

// Credentials returns a source of tokens of a registered client itself, by the grant client_credentials. The
// editors authenticate it.
func Credentials(c *ClientWithResponses, editors ...RequestEditorFn) *TokenSource {
	return newSource(c, editors, func(Token) (TokenRequest, bool) {
		return TokenRequest{GrantType: GrantTypeClientCredentials}, true
	})
}

func newSource(c *ClientWithResponses, editors []RequestEditorFn, renew func(Token) (TokenRequest, bool)) *TokenSource {
	return &TokenSource{client: c, editors: editors, renew: renew, now: time.Now}
}

// Token returns a token that is valid for at least a tenth of its life. It waits for a new one if needed, at
// most until ctx ends; the request itself goes on, so that a refresh token is not lost.
func (s *TokenSource) Token(ctx context.Context) (Token, error) {
	s.mu.Lock()
	if s.now().Before(s.token.Expiry) {
		defer s.mu.Unlock()
		return s.token, nil
	}
	return s.join(ctx)
}

// Refresh returns another token than the one that was refused, such as by an API that knows of a revoked
// session. If there is a newer one already, it makes no request.
func (s *TokenSource) Refresh(ctx context.Context, refused string) (Token, error) {
	s.mu.Lock()
	if s.token.AccessToken != refused && s.now().Before(s.token.Expiry) {
		defer s.mu.Unlock()
		return s.token, nil
	}
	return s.join(ctx)
}

// join waits for the request that is under way, or starts one. It is called with mu locked and unlocks it.
func (s *TokenSource) join(ctx context.Context) (Token, error) {
	if s.flight == nil {
		request, possible := s.renew(s.token)
		if !possible {
			s.mu.Unlock()
			return Token{}, ErrSignedOut
		}
		s.flight = &flight{done: make(chan struct{})}
		go s.fly(context.WithoutCancel(ctx), s.flight, request)
	}
	flight := s.flight
	s.mu.Unlock()
	select {
	case <-flight.done:
		return flight.token, flight.err
	case <-ctx.Done():
		return Token{}, ctx.Err()
	}
}

func (s *TokenSource) fly(ctx context.Context, f *flight, request TokenRequest) {
	ctx, cancel := context.WithTimeout(ctx, flightTimeout)
	defer cancel()
	f.token, f.err = s.request(ctx, request)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.err == nil {
		s.token = f.token
	}
	s.flight = nil
	close(f.done)
}

// request makes one request for a token.
func (s *TokenSource) request(ctx context.Context, request TokenRequest) (Token, error) {
	sent := s.now()
	response, err := s.client.IssueTokenWithFormdataBodyWithResponse(ctx, request, s.editors...)
	if err != nil {
		return Token{}, err
	}
	if response.JSON200 == nil {
		return Token{}, tokenError(response.HTTPResponse, response.JSON400, response.JSON401, response.JSON429, response.JSON500, response.JSON503)
	}
	got := response.JSON200
	token := Token{AccessToken: got.AccessToken, Scope: got.Scope}
	token.Expiry = sent.Add(time.Duration(got.ExpiresIn) * time.Second * 9 / 10) // the last tenth is a reserve
	if got.RefreshToken != nil {
		token.RefreshToken = *got.RefreshToken
	}
	return token, nil
}

// Revoke signs out: it ends the session, and the source returns ErrSignedOut from then on.
func (s *TokenSource) Revoke(ctx context.Context) error {
	s.mu.Lock()
	token := s.token.RefreshToken
	if token == "" {
		token = s.token.AccessToken
	}
	s.mu.Unlock()
	if token == "" {
		return nil
	}
	response, err := s.client.RevokeTokenWithFormdataBodyWithResponse(ctx, RevokeRequest{Token: token}, s.editors...)
	if err != nil {
		return err
	}
	if response.JSON200 == nil {
		return tokenError(response.HTTPResponse, response.JSON400, response.JSON401, response.JSON429, response.JSON500, response.JSON503)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = Token{}
	return nil
}

// tokenError returns the error of a response, of which at most one body is set.
func tokenError(response *http.Response, bodies ...*OAuthError) error {
	for _, body := range bodies {
		if body != nil {
			return &TokenError{Status: response.StatusCode, Code: body.Error, Description: body.ErrorDescription}
		}
	}
	return fmt.Errorf("unexpected response: %s", response.Status)
}

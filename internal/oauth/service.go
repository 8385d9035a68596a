package oauth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// Accounts checks passwords.
type Accounts interface {
	// SignIn checks the password of the user who signs in as login. It returns
	// account.ErrInvalidCredentials for an unknown user, a wrong password and a disabled user, at the
	// same cost.
	SignIn(ctx context.Context, login string, a account.Attempt) (account.User, error)
	// DeviceHint returns a text for the browser in which a user has just signed in.
	DeviceHint(u account.User) string
}

// Limiter counts failed client authentications.
type Limiter interface {
	// CountClientFailure counts a wrong client secret, for the caller's network and the client. wait is
	// 0 when another attempt is allowed, otherwise the time until one is.
	CountClientFailure(ctx context.Context, address, client string) (wait time.Duration, err error)
}

// Events stores audit events that belong to no change.
type Events interface {
	AppendEvent(ctx context.Context, e audit.Event) error
}

// Settings are the properties of the tokens.
type Settings struct {
	Issuer       string
	Audience     []string      // of access tokens
	AccessTTL    time.Duration // lifetime of an access token
	RefreshGrace time.Duration // how long a refresh token works again after its first use
	SessionIdle  time.Duration // how long after its last use a session ends
	SessionMax   time.Duration // how long after its creation a session ends in any case
	PublicClient bool          // whether callers that name no client are served
}

// Options are what a Service needs. All are required unless they are called optional.
type Options struct {
	Settings
	RefreshKeys [][]byte // MAC keys of refresh tokens, 32 bytes each: the first signs, all verify
	Accounts    Accounts
	Clients     ClientStore
	Sessions    SessionStore
	Ended       EndedSessionStore
	Keys        Keys
	Vault       Vault
	Limits      Limiter
	Events      Events
	Now         func() time.Time
	Log         *slog.Logger
	SignedIn    func(ok bool)        // called after each sign-in with a username and a password, right or wrong; optional
	Refreshed   func(outcome string) // called after each refresh with one of Outcomes; optional
}

// Service implements the OAuth endpoints.
type Service struct {
	*ClientRegistry
	*SessionManager

	ended *EndedSessions

	settings    Settings
	refreshKeys refreshKeys
	accounts    Accounts
	keys        Keys
	limits      Limiter
	events      Events
	clock       func() time.Time
	log         *slog.Logger
	signedIn    func(ok bool)
	refreshed   func(outcome string)
}

// New returns a Service, or an error that names what is missing.
func New(o Options) (*Service, error) {
	switch {
	case o.Issuer == "" || len(o.Audience) == 0:
		return nil, errors.New("oauth: the issuer or the audience is missing")
	case o.AccessTTL <= 0 || o.SessionIdle <= 0 || o.SessionMax <= 0 || o.RefreshGrace < 0:
		return nil, errors.New("oauth: a lifetime is not positive")
	case o.AccessTTL > maxAccessTTL || o.RefreshGrace > maxGrace:
		return nil, errors.New("oauth: access tokens could outlive the list of ended sessions")
	case len(o.RefreshKeys) == 0:
		return nil, errors.New("oauth: the keys of refresh tokens are missing")
	case o.Accounts == nil || o.Keys == nil || o.Vault == nil || o.Limits == nil || o.Events == nil:
		return nil, errors.New("oauth: accounts, keys, vault, limits or events are missing")
	case o.Log == nil:
		return nil, errors.New("oauth: the log is missing")
	}
	clients, err := NewClientRegistry(o.Clients, o.Vault, o.Now)
	if err != nil {
		return nil, err
	}
	sessions, err := NewSessionManager(o.Sessions, o.Now)
	if err != nil {
		return nil, err
	}
	if o.SignedIn == nil {
		o.SignedIn = func(bool) {}
	}
	ended, err := NewEndedSessions(o.Ended, o.Now)
	if err != nil {
		return nil, err
	}
	if o.Refreshed == nil {
		o.Refreshed = func(string) {}
	}
	return &Service{
		ClientRegistry: clients, SessionManager: sessions, ended: ended, settings: o.Settings, refreshKeys: o.RefreshKeys,
		accounts: o.Accounts, keys: o.Keys, limits: o.Limits, events: o.Events, clock: o.Now, log: o.Log,
		signedIn: o.SignedIn, refreshed: o.Refreshed,
	}, nil
}

// now returns the time in UTC and whole seconds, as tokens and sessions have it.
func (s *Service) now() time.Time { return wholeSecond(s.clock()) }

func wholeSecond(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// A client may have lifetimes and audiences of its own.
func (s *Service) accessTTL(c Client) time.Duration { return cmp.Or(c.AccessTTL, s.settings.AccessTTL) }
func (s *Service) idle(c Client) time.Duration      { return cmp.Or(c.SessionIdle, s.settings.SessionIdle) }
func (s *Service) max(c Client) time.Duration       { return cmp.Or(c.SessionMax, s.settings.SessionMax) }

func (s *Service) audience(c Client) []string {
	if len(c.Audiences) > 0 {
		return c.Audiences
	}
	return s.settings.Audience
}

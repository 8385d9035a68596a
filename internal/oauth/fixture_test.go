package oauth_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fixture is a service over SQLite whose store counts its calls.
type fixture struct {
	*oauth.Service
	store    *countingStore
	accounts *accounts
	limits   *clientLimiter
	user     account.User
	now      time.Time
	secret   string // with which the vault seals; it opens what was sealed with any
	signErr  error  // of every access token
	outcomes []string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{store: &countingStore{Store: openSQLite(t), calls: map[string]int{}}, limits: &clientLimiter{}, now: noon, secret: "1"}
	f.accounts = &accounts{acceptOne: acceptOne{f.store}}
	clock := func() time.Time { return f.now }
	var err error
	f.Service, err = oauth.New(oauth.Options{
		Settings: oauth.Settings{
			Issuer: "https://auth.example", Audience: []string{"https://auth.example"}, AccessTTL: modelTTL,
			RefreshGrace: modelGrace, SessionIdle: modelIdle, SessionMax: modelMax, PublicClient: true,
		},
		RefreshKeys: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
		Accounts:    f.accounts, Clients: f.store, Sessions: f.store, Ended: f.store, Events: f.store, Keys: fixtureKeys{plainKeys{clock}, f}, Vault: plainVault{f}, Limits: f.limits,
		Now: clock, Log: slog.New(slog.DiscardHandler),
		Refreshed: func(outcome string) { f.outcomes = append(f.outcomes, outcome) },
	})
	require.NoError(t, err)
	f.user = f.addUser(t)
	return f
}

// fixtureKeys are plainKeys that fail if the fixture says so.
type fixtureKeys struct {
	plainKeys
	f *fixture
}

func (k fixtureKeys) Sign(c oauth.Claims) (string, error) {
	if k.f.signErr != nil {
		return "", k.f.signErr
	}
	return k.plainKeys.Sign(c)
}

func (f *fixture) addUser(t *testing.T) account.User {
	t.Helper()
	u := storetest.NewUser()
	require.NoError(t, f.store.CreateUser(t.Context(), u, audit.Change{}))
	return u
}

// addClient registers a client for all grants that it may use, and returns its credentials.
func (f *fixture) addClient(t *testing.T, public bool) oauth.Credentials {
	t.Helper()
	c := oauth.Client{ID: "client-" + uuid.NewString(), Public: public, FirstParty: true, Grants: []string{oauth.GrantPassword, oauth.GrantRefresh}}
	if !public {
		c.Grants, c.Scopes = append(c.Grants, oauth.GrantClient), []string{"profile", "users:read"}
	}
	c, secrets, err := f.CreateClient(t.Context(), oauth.Operator, c)
	require.NoError(t, err)
	return oauth.Credentials{Pairs: []oauth.Pair{{ID: c.ID, Secret: secrets.Secret}}}
}

// signIn starts a session of a user.
func (f *fixture) signIn(t *testing.T, u account.User, by oauth.Credentials) oauth.TokenResponse {
	t.Helper()
	got, err := f.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantPassword, Username: u.UsernameKey, Password: "right", Client: by})
	require.NoError(t, err)
	return got
}

func (f *fixture) refresh(t *testing.T, token string, by oauth.Credentials) (oauth.TokenResponse, error) {
	t.Helper()
	return f.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantRefresh, RefreshToken: token, Client: by})
}

// lastEvent returns the newest audit event.
func (f *fixture) lastEvent(t *testing.T) audit.Event {
	t.Helper()
	events, err := f.store.Events(t.Context(), audit.Query{Limit: 1})
	require.NoError(t, err)
	require.Len(t, events, 1)
	return events[0]
}

// countingStore counts the calls of methods on the path of a token request.
type countingStore struct {
	storetest.Store
	calls     map[string]int
	raceLost  int   // how many rotations fail because another request was faster
	outageErr error // of SessionByFamily, RotateSession and ClientByID
	revokeErr error // of RevokeSession
}

func (s *countingStore) SessionByFamily(ctx context.Context, family []byte) (oauth.Session, account.User, error) {
	s.calls["SessionByFamily"]++
	if s.outageErr != nil {
		return oauth.Session{}, account.User{}, s.outageErr
	}
	return s.Store.SessionByFamily(ctx, family)
}

func (s *countingStore) RotateSession(ctx context.Context, r oauth.Rotation) (oauth.Session, account.User, error) {
	s.calls["RotateSession"]++
	if s.outageErr != nil {
		return oauth.Session{}, account.User{}, s.outageErr
	}
	if s.raceLost > 0 {
		s.raceLost--
		return oauth.Session{}, account.User{}, fault.ErrNotFound
	}
	return s.Store.RotateSession(ctx, r)
}

func (s *countingStore) RepeatRotation(ctx context.Context, family []byte, counter int64) error {
	s.calls["RepeatRotation"]++
	return s.Store.RepeatRotation(ctx, family, counter)
}

func (s *countingStore) RevokeSession(ctx context.Context, id, userID, reason string, now time.Time, c audit.Change) error {
	if s.revokeErr != nil {
		return s.revokeErr
	}
	return s.Store.RevokeSession(ctx, id, userID, reason, now, c)
}

func (s *countingStore) ClientByID(ctx context.Context, id string) (oauth.Client, error) {
	s.calls["ClientByID"]++
	if s.outageErr != nil {
		return oauth.Client{}, s.outageErr
	}
	return s.Store.ClientByID(ctx, id)
}

// accounts returns err, or else signs in every active user with one password.
type accounts struct {
	acceptOne
	err      error
	attempts []account.Attempt
}

func (a *accounts) SignIn(ctx context.Context, login string, attempt account.Attempt) (account.User, error) {
	a.attempts = append(a.attempts, attempt)
	if a.err != nil {
		return account.User{}, a.err
	}
	return a.acceptOne.SignIn(ctx, login, attempt)
}

// clientLimiter allows every attempt unless a test sets a wait or an error.
type clientLimiter struct {
	wait    time.Duration
	err     error
	counted []string // address and client
}

func (l *clientLimiter) CountClientFailure(_ context.Context, address, client string) (time.Duration, error) {
	l.counted = append(l.counted, address+" "+client)
	return l.wait, l.err
}

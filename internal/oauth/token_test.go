package oauth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// noClient are the credentials of a request that names no client.
var noClient oauth.Credentials

var builtinClient = oauth.Credentials{Pairs: []oauth.Pair{{ID: oauth.PublicClientID}}}

// refreshReadCases are refresh requests with what they cost. The client that holds the token is the
// built-in one, a registered public one or a confidential one.
var refreshReadCases = map[string]struct {
	holder     string // "", "public" or "confidential"
	named      bool   // the request names the client
	other      bool   // the request names another client
	previous   bool   // the token was used a moment ago
	junk       bool   // the token is not one of this service
	raceLost   int    // how often another request is faster
	scope      string // as requested
	reads      int    // of the session
	rotations  int    // tried
	repeats    int
	clientRead int
	code       fault.Code // empty: tokens are issued
}{
	"built-in, unnamed":             {rotations: 1},
	"built-in, named":               {named: true, rotations: 1},
	"public, unnamed":               {holder: "public", reads: 1, rotations: 2, clientRead: 1},
	"public, named":                 {holder: "public", named: true, rotations: 1, clientRead: 1},
	"confidential, named":           {holder: "confidential", named: true, rotations: 1, clientRead: 1},
	"confidential, unnamed":         {holder: "confidential", reads: 1, rotations: 1, clientRead: 1, code: oauth.InvalidClient},
	"of another client":             {holder: "public", other: true, reads: 1, rotations: 1, code: oauth.InvalidGrant},
	"previous token, unnamed":       {previous: true, reads: 1, rotations: 1, repeats: 1},
	"previous token, named":         {previous: true, named: true, reads: 1, rotations: 1, repeats: 1},
	"junk, unnamed":                 {junk: true, code: oauth.InvalidGrant},
	"junk, named":                   {junk: true, named: true, code: oauth.InvalidGrant},
	"with scopes, unnamed":          {scope: "profile", reads: 1, rotations: 1},
	"with scopes, named":            {named: true, scope: "profile", reads: 1, rotations: 1},
	"with more scopes, unnamed":     {scope: "profile other", reads: 1, code: oauth.InvalidScope},
	"one race lost":                 {raceLost: 1, reads: 1, rotations: 2},
	"one race lost, named":          {raceLost: 1, named: true, reads: 1, rotations: 2},
	"five races lost":               {raceLost: 5, reads: 5, rotations: 6},
	"six races lost":                {raceLost: 6, reads: 6, rotations: 6, code: fault.Unavailable},
	"public, one race lost":         {holder: "public", raceLost: 1, reads: 1, rotations: 2, clientRead: 1},
	"confidential, one race lost":   {holder: "confidential", named: true, raceLost: 1, reads: 1, rotations: 2, clientRead: 1},
	"confidential, previous, named": {holder: "confidential", named: true, previous: true, reads: 1, rotations: 1, repeats: 1, clientRead: 1},
}

// TestRefreshReads checks that a refresh with the newest token is one statement, that every other one reads the
// session once more, and that the client is read once, whether or not the request names it.
func TestRefreshReads(t *testing.T) {
	t.Parallel()
	for name, c := range refreshReadCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			holder := builtinClient
			if c.holder != "" {
				holder = f.addClient(t, c.holder == "public")
			}
			token := f.signIn(t, f.user, holder).RefreshToken
			if c.previous {
				_, err := f.refresh(t, token, holder)
				require.NoError(t, err)
			}
			if c.junk {
				token = token[:len(token)-1]
			}
			by := noClient
			switch {
			case c.named:
				by = holder
			case c.other:
				by = builtinClient
			}
			clear(f.store.calls)
			f.store.raceLost = c.raceLost
			_, err := f.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantRefresh, RefreshToken: token, Client: by, Scope: c.scope})
			require.Equal(t, c.reads, f.store.calls["SessionByFamily"], "reads of the session")
			require.Equal(t, c.rotations, f.store.calls["RotateSession"], "rotations")
			require.Equal(t, c.repeats, f.store.calls["RepeatRotation"], "repetitions")
			require.Equal(t, c.clientRead, f.store.calls["ClientByID"], "reads of the client")
			if c.code != "" {
				require.Equal(t, string(c.code), code(err))
				return
			}
			require.NoError(t, err)
		})
	}
}

// A client that probes how to authenticate does not use up its token.
func TestRefreshBeforeAuthentication(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	holder := f.addClient(t, false)
	token := f.signIn(t, f.user, holder).RefreshToken
	for range 3 {
		_, err := f.refresh(t, token, noClient)
		require.Equal(t, "invalid_client", code(err))
	}
	_, err := f.refresh(t, token, holder)
	require.NoError(t, err)
	require.Equal(t, 3+1, f.store.calls["RotateSession"], "tried for the built-in client, made for the holder")
}

func TestRefreshOutage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := f.signIn(t, f.user, noClient).RefreshToken
	f.store.outageErr = fault.ErrUnavailable
	for _, by := range []oauth.Credentials{noClient, builtinClient} {
		_, err := f.refresh(t, token, by)
		require.Equal(t, "temporarily_unavailable", code(err), "an outage must not look like an invalid token")
	}
}

// Presenting a token older than the previous one revokes the session and records why.
func TestRefreshReuse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.signIn(t, f.user, noClient).RefreshToken
	second, err := f.refresh(t, first, noClient)
	require.NoError(t, err)
	third, err := f.refresh(t, second.RefreshToken, noClient)
	require.NoError(t, err)
	_, err = f.refresh(t, first, noClient)
	require.ErrorIs(t, err, oauth.ErrRefresh)
	event := f.lastEvent(t)
	require.Equal(t, audit.RefreshReused, event.Action)
	require.Equal(t, oauth.EndedByReuse, event.Reason)
	require.Equal(t, f.user.ID, event.ActorID)
	require.Equal(t, oauth.PublicClientID, event.ClientID)
	_, err = f.refresh(t, third.RefreshToken, noClient)
	require.ErrorIs(t, err, oauth.ErrRefresh, "the session has ended for every holder")
}

// tokenErrorCases are requests that are refused. The defaults are those of a valid password grant.
var tokenErrorCases = map[string]struct {
	edit       func(*oauth.TokenRequest)
	client     string // "", "public", "confidential", "unknown" or "unsupported"
	accountErr error
	code       fault.Code
	cheap      bool // refused before the client is authenticated and the password is checked
}{
	"valid":                   {edit: func(*oauth.TokenRequest) {}},
	"no grant type":           {edit: func(r *oauth.TokenRequest) { r.GrantType = "" }, code: fault.InvalidRequest, cheap: true},
	"unsupported grant type":  {edit: func(r *oauth.TokenRequest) { r.GrantType = "implicit" }, code: oauth.UnsupportedGrantType, cheap: true},
	"grant type in capitals":  {edit: func(r *oauth.TokenRequest) { r.GrantType = "PASSWORD" }, code: oauth.UnsupportedGrantType, cheap: true},
	"no username":             {edit: func(r *oauth.TokenRequest) { r.Username = "" }, code: fault.InvalidRequest, cheap: true},
	"no password":             {edit: func(r *oauth.TokenRequest) { r.Password = "" }, code: fault.InvalidRequest, cheap: true},
	"username too long":       {edit: func(r *oauth.TokenRequest) { r.Username = strings.Repeat("ä", 256) }, code: fault.InvalidRequest, cheap: true},
	"password too long":       {edit: func(r *oauth.TokenRequest) { r.Password = strings.Repeat("x", 1025) }, code: fault.InvalidRequest, cheap: true},
	"line break in username":  {edit: func(r *oauth.TokenRequest) { r.Username = "a\nb" }, code: fault.InvalidRequest, cheap: true},
	"NUL in password":         {edit: func(r *oauth.TokenRequest) { r.Password = "a\x00b" }, code: fault.InvalidRequest, cheap: true},
	"invalid UTF-8":           {edit: func(r *oauth.TokenRequest) { r.Password = "\xff" }, code: fault.InvalidRequest, cheap: true},
	"invalid scope":           {edit: func(r *oauth.TokenRequest) { r.Scope = `"` }, code: oauth.InvalidScope, cheap: true},
	"scope too long":          {edit: func(r *oauth.TokenRequest) { r.Scope = strings.Repeat("x", 1025) }, code: oauth.InvalidScope, cheap: true},
	"no refresh token":        {edit: func(r *oauth.TokenRequest) { r.GrantType = oauth.GrantRefresh }, code: fault.InvalidRequest, cheap: true},
	"scope of another user":   {edit: func(r *oauth.TokenRequest) { r.Scope = "users:write" }, code: oauth.InvalidScope},
	"scope of no client":      {edit: func(r *oauth.TokenRequest) { r.Scope = "users:write" }, client: "confidential", code: oauth.InvalidScope, cheap: true},
	"wrong password":          {edit: func(r *oauth.TokenRequest) { r.Password = "wrong" }, code: oauth.InvalidGrant},
	"unconfirmed address":     {accountErr: account.ErrEmailUnverified, code: oauth.InvalidGrant},
	"invalid credentials":     {accountErr: account.ErrInvalidCredentials, code: oauth.InvalidGrant},
	"over the limit":          {accountErr: fault.Denied(fault.LimitSignIn, time.Minute), code: fault.TooManyRequests},
	"busy":                    {accountErr: fault.ErrUnavailable, code: fault.Unavailable},
	"unknown client":          {client: "unknown", code: oauth.InvalidClient, cheap: true},
	"unsupported method":      {client: "unsupported", code: oauth.InvalidClient, cheap: true},
	"client's own, no client": {edit: func(r *oauth.TokenRequest) { r.GrantType = oauth.GrantClient }, code: oauth.InvalidClient, cheap: true},
	"public client's own":     {edit: func(r *oauth.TokenRequest) { r.GrantType = oauth.GrantClient }, client: "public", code: oauth.UnauthorizedClient, cheap: true},
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	for name, c := range tokenErrorCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			r := oauth.TokenRequest{GrantType: oauth.GrantPassword, Username: f.user.UsernameKey, Password: "right"}
			if c.edit != nil {
				c.edit(&r)
			}
			switch c.client {
			case "public", "confidential":
				r.Client = f.addClient(t, c.client == "public")
			case "unknown":
				r.Client = oauth.Credentials{Pairs: []oauth.Pair{{ID: "nobody"}}}
			case "unsupported":
				r.Client = oauth.Credentials{Unsupported: true}
			}
			f.accounts.err = c.accountErr
			got, err := f.Token(t.Context(), r)
			require.Equal(t, c.cheap, len(f.accounts.attempts) == 0, "no password is checked")
			if c.code != "" {
				require.Equal(t, string(c.code), code(err))
				require.Zero(t, got)
				return
			}
			require.NoError(t, err)
		})
	}
}

// An unexpected error of the accounts is passed on, not disguised as a wrong password.
func TestPasswordGrantOutage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.accounts.err = errors.New("outage")
	_, err := f.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantPassword, Username: "ann", Password: "right"})
	require.ErrorIs(t, err, f.accounts.err)
	require.NotErrorIs(t, err, oauth.ErrWrongPassword)
}

// Other endpoints than the token endpoint get the errors of account.
func TestSignInKeepsTheErrorsOfAccounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, want := range []error{account.ErrInvalidCredentials, account.ErrEmailUnverified, fault.ErrUnavailable} {
		f.accounts.err = want
		_, err := f.SignIn(t.Context(), oauth.TokenRequest{Username: "ann", Password: "right"})
		require.Equal(t, want, err)
	}
}

func TestPasswordGrantTellsAccountsWhoAsks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.Token(t.Context(), oauth.TokenRequest{
		GrantType: oauth.GrantPassword, Username: f.user.UsernameKey, Password: "right", Caller: oauth.Caller{Address: "192.0.2.1", UserAgent: "curl"},
	})
	require.NoError(t, err)
	require.Equal(t, []account.Attempt{{
		Password: "right", Address: "192.0.2.1", ClientID: oauth.PublicClientID, Action: audit.UserSignedIn,
	}}, f.accounts.attempts)
	event := f.lastEvent(t)
	require.Equal(t, audit.UserSignedIn, event.Action)
	require.Equal(t, oauth.PublicClientID, event.ClientID)
	require.Equal(t, f.user.ID, event.TargetID)
	sessions, err := f.UserSessions(t.Context(), f.user.ID)
	require.NoError(t, err)
	require.Len(t, sessions, 1)
	require.Equal(t, "192.0.2.1", sessions[0].Address)
	require.Equal(t, "curl", sessions[0].UserAgent)
}

// A client that acts for itself gets no refresh token and no scope that only a user can have.
func TestClientGrant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	by := f.addClient(t, false)
	for requested, want := range map[string]string{"": "users:read", "users:read": "users:read", "profile": "invalid_scope", "users:write": "invalid_scope"} {
		got, err := f.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantClient, Scope: requested, Client: by})
		if want == "invalid_scope" {
			require.Equal(t, want, code(err), requested)
			continue
		}
		require.NoError(t, err, requested)
		require.Equal(t, want, got.Scope)
		require.Empty(t, got.RefreshToken)
		who, err := f.Principal(t.Context(), got.AccessToken)
		require.NoError(t, err)
		require.Equal(t, by.Pairs[0].ID, who.Name())
		require.Equal(t, by.Pairs[0].ID, who.Claims.Subject)
	}
}

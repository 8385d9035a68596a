package oauth_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// outcomeCases are refreshes with the newest token of a session, unless older says how many are newer.
var outcomeCases = map[string]struct {
	older     int
	repeats   int  // how often it has been sent before
	named     bool // the client, which is confidential
	scope     string
	outageErr error
	raceLost  int
	signErr   error
	revokeErr error
	junk      bool
	want      []string
}{
	"the newest":                   {want: []string{"rotated"}},
	"the newest, with scopes":      {scope: "profile", want: []string{"rotated"}},
	"the newest after a race":      {raceLost: 3, want: []string{"rotated"}},
	"the previous":                 {older: 1, want: []string{"repeated"}},
	"the previous, once more":      {older: 1, repeats: 199, want: []string{"repeated"}},
	"the previous, too often":      {older: 1, repeats: 200, want: []string{"limited"}},
	"one older still":              {older: 2, want: []string{"reused"}},
	"no token of ours":             {junk: true, want: []string{"refused"}},
	"a scope too many":             {scope: "users:write"},
	"rotation fails":               {outageErr: fault.ErrUnavailable, want: []string{"failed"}},
	"rotation has a bug":           {outageErr: errors.New("no such column"), want: []string{"failed"}},
	"read of the session fails":    {scope: "profile", outageErr: fault.ErrUnavailable, want: []string{"failed"}},
	"read of the client fails":     {named: true, outageErr: fault.ErrUnavailable, want: []string{"failed"}},
	"others are always faster":     {raceLost: 100, want: []string{"failed"}},
	"signature fails":              {signErr: errors.New("no key"), want: []string{"failed"}},
	"signature of a repeat fails":  {older: 1, signErr: errors.New("no key"), want: []string{"failed"}},
	"revocation after reuse fails": {older: 2, revokeErr: fault.ErrUnavailable, want: []string{"failed"}},
	"the caller has gone":          {outageErr: context.Canceled},
}

// Each refresh is reported at most once, and each that fails through no fault of the caller exactly once.
func TestRefreshOutcomes(t *testing.T) {
	t.Parallel()
	for name, c := range outcomeCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			holder := noClient
			if c.named {
				holder = f.addClient(t, false)
			}
			token := f.signIn(t, f.user, holder).RefreshToken
			newest := token
			for range c.older {
				next, err := f.refresh(t, newest, holder)
				require.NoError(t, err)
				newest = next.RefreshToken
			}
			for range c.repeats {
				_, err := f.refresh(t, token, holder)
				require.NoError(t, err)
			}
			if c.junk {
				token = "junk"
			}
			f.outcomes, f.signErr, f.store.outageErr, f.store.raceLost = nil, c.signErr, c.outageErr, c.raceLost
			f.store.revokeErr = c.revokeErr
			_, _ = f.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantRefresh, RefreshToken: token, Client: holder, Scope: c.scope})
			require.Equal(t, c.want, f.outcomes)
			require.Subset(t, oauth.Outcomes, f.outcomes)
		})
	}
}

// Failures of other grants are not those of a refresh.
func TestSignInHasNoRefreshOutcome(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.accounts.err = fault.ErrUnavailable
	_, err := f.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantPassword, Username: f.user.UsernameKey, Password: "right"})
	require.ErrorIs(t, err, fault.ErrUnavailable)
	require.Empty(t, f.outcomes)
}

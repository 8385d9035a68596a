package oauth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

func TestAuthenticateClient(t *testing.T) {
	t.Parallel()
	// right and public stand for the credentials of a confidential and a public client.
	for name, c := range map[string]struct {
		claim func(right, public oauth.Pair) []oauth.Pair
		reads int // of the clients
		fails bool
	}{
		"none":                        {claim: func(_, _ oauth.Pair) []oauth.Pair { return nil }},
		"right secret":                {claim: func(right, _ oauth.Pair) []oauth.Pair { return []oauth.Pair{right} }, reads: 1},
		"public client":               {claim: func(_, public oauth.Pair) []oauth.Pair { return []oauth.Pair{public} }, reads: 1},
		"second reading is right":     {claim: func(right, _ oauth.Pair) []oauth.Pair { return []oauth.Pair{{ID: right.ID, Secret: "x"}, right} }, reads: 2},
		"wrong secret":                {claim: func(right, _ oauth.Pair) []oauth.Pair { return []oauth.Pair{{ID: right.ID, Secret: "x"}} }, reads: 1, fails: true},
		"no secret":                   {claim: func(right, _ oauth.Pair) []oauth.Pair { return []oauth.Pair{{ID: right.ID}} }, reads: 1, fails: true},
		"public client with a secret": {claim: func(_, public oauth.Pair) []oauth.Pair { return []oauth.Pair{{ID: public.ID, Secret: "x"}} }, reads: 1, fails: true},
		"unknown":                     {claim: func(_, _ oauth.Pair) []oauth.Pair { return []oauth.Pair{{ID: "nobody", Secret: "x"}} }, reads: 1, fails: true},
		"empty id":                    {claim: func(_, _ oauth.Pair) []oauth.Pair { return []oauth.Pair{{Secret: "x"}} }, fails: true},
		"id too long":                 {claim: func(_, _ oauth.Pair) []oauth.Pair { return []oauth.Pair{{ID: strings.Repeat("x", 256)}} }, fails: true},
		"id with a line break":        {claim: func(_, _ oauth.Pair) []oauth.Pair { return []oauth.Pair{{ID: "a\nb"}} }, fails: true},
		"id outside ASCII":            {claim: func(_, _ oauth.Pair) []oauth.Pair { return []oauth.Pair{{ID: "é"}} }, fails: true},
		"built-in client with secret": {claim: func(_, _ oauth.Pair) []oauth.Pair { return []oauth.Pair{{ID: oauth.PublicClientID, Secret: "x"}} }, fails: true},
		"secret of a client by itself": {claim: func(right, public oauth.Pair) []oauth.Pair {
			return []oauth.Pair{{ID: public.ID, Secret: right.Secret}}
		}, reads: 1, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			pairs := c.claim(f.addClient(t, false).Pairs[0], f.addClient(t, true).Pairs[0])
			client, err := f.AuthenticateClient(t.Context(), oauth.Credentials{Pairs: pairs}, "192.0.2.1")
			require.Equal(t, c.reads, f.store.calls["ClientByID"])
			if !c.fails {
				require.NoError(t, err)
				require.Empty(t, f.limits.counted)
				if pairs == nil {
					pairs = builtinClient.Pairs
				}
				require.Equal(t, pairs[0].ID, client.ID)
				return
			}
			require.Equal(t, "invalid_client", code(err))
			require.Equal(t, []string{"192.0.2.1 " + pairs[0].ID}, f.limits.counted)
			event := f.lastEvent(t)
			require.Equal(t, audit.ClientRefused, event.Action)
			require.Equal(t, audit.Failure, event.Outcome)
			require.Equal(t, "invalid_client", event.Reason)
			require.Empty(t, event.Target, "what was sent as the id of an unknown client may be a secret")
		})
	}
}

func TestDisabledClient(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	claim := f.addClient(t, false)
	inactive := false
	_, err := f.UpdateClient(t.Context(), oauth.Operator, claim.Pairs[0].ID, oauth.ClientPatch{Active: &inactive})
	require.NoError(t, err)
	_, err = f.AuthenticateClient(t.Context(), claim, "")
	require.Equal(t, "invalid_client", code(err))
}

// Over the limit, a failure returns when to try again and is not recorded once more.
func TestClientFailureLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	claim := oauth.Credentials{Pairs: []oauth.Pair{{ID: "nobody"}}}
	f.limits.wait = time.Minute
	_, err := f.AuthenticateClient(t.Context(), claim, "")
	var refused *fault.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, fault.TooManyRequests, refused.Code)
	require.Equal(t, time.Minute, refused.RetryAfter)
	events, err := f.store.Events(t.Context(), audit.Query{Limit: 1})
	require.NoError(t, err)
	require.Empty(t, events)

	f.limits.wait, f.limits.err = 0, fault.ErrUnavailable
	_, err = f.AuthenticateClient(t.Context(), claim, "")
	require.Equal(t, "temporarily_unavailable", code(err))
}

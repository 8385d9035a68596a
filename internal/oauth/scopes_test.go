package oauth

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

func TestParseScopes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope  string
		scopes []string
		bad    bool
	}{
		"none":            {},
		"one":             {scope: "profile", scopes: []string{"profile"}},
		"order is kept":   {scope: "b a", scopes: []string{"b", "a"}},
		"twice":           {scope: "a b a", scopes: []string{"a", "b"}},
		"spaces":          {scope: "  a   b ", scopes: []string{"a", "b"}},
		"spaces only":     {scope: "   "},
		"all that may be": {scope: "!#[]~", scopes: []string{"!#[]~"}},
		"quote":           {scope: `a"b`, bad: true},
		"backslash":       {scope: `a\b`, bad: true},
		"tab":             {scope: "a\tb", bad: true},
		"line break":      {scope: "a\nb", bad: true},
		"delete":          {scope: "a\x7f", bad: true},
		"outside ASCII":   {scope: "é", bad: true},
		"1024 bytes":      {scope: strings.Repeat("x", 1024), scopes: []string{strings.Repeat("x", 1024)}},
		"1025 bytes":      {scope: strings.Repeat("x", 1025), bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scopes, err := parseScopes(c.scope)
			if c.bad {
				require.ErrorIs(t, err, fault.Errorf(InvalidScope, ""))
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.scopes, scopes)
		})
	}
}

func TestGrantScopes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asked, user, client, granted []string
		bad                          bool
	}{
		"none asked":                {user: []string{"a", "b"}, granted: []string{"a", "b"}},
		"none asked, narrow client": {user: []string{"a", "b"}, client: []string{"b", "c"}, granted: []string{"b"}},
		"none asked, none had":      {},
		"one of two":                {asked: []string{"b"}, user: []string{"a", "b"}, granted: []string{"b"}},
		"as asked, in that order":   {asked: []string{"b", "a"}, user: []string{"a", "b"}, granted: []string{"b", "a"}},
		"one that the user lacks":   {asked: []string{"a", "x"}, user: []string{"a"}, bad: true},
		"one that the client lacks": {asked: []string{"a"}, user: []string{"a"}, client: []string{"b"}, bad: true},
		"asked by who has none":     {asked: []string{"a"}, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			granted, err := grantScopes(c.asked, c.user, c.client)
			if c.bad {
				require.ErrorIs(t, err, errScope)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.granted, granted)
		})
	}
}

func TestClientMatches(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	secret := func(text string, expires time.Time) ClientSecret {
		hash := sha256.Sum256([]byte(text))
		return ClientSecret{Hash: hash[:], ExpiresAt: expires}
	}
	rotating := Client{Secrets: []ClientSecret{secret("old", now.Add(time.Second)), secret("new", time.Time{})}}
	for name, c := range map[string]struct {
		client Client
		secret string
		at     time.Time
		right  bool
	}{
		"public, no secret":            {client: Client{Public: true}, right: true},
		"public, a secret":             {client: Client{Public: true}, secret: "x"},
		"confidential without secrets": {},
		"no secrets, one guessed":      {secret: "x"},
		"the old one":                  {client: rotating, secret: "old", right: true},
		"the new one":                  {client: rotating, secret: "new", right: true},
		"neither":                      {client: rotating, secret: "other"},
		"empty":                        {client: rotating},
		"the old one at its end":       {client: rotating, secret: "old", at: now.Add(time.Second)},
		"the new one after that":       {client: rotating, secret: "new", at: now.Add(time.Hour), right: true},
		"one secret, stored twice":     {client: Client{Secrets: []ClientSecret{secret("a", time.Time{}), secret("a", time.Time{})}}, secret: "a", right: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.at.IsZero() {
				c.at = now
			}
			require.Equal(t, c.right, c.client.matches(c.secret, c.at))
		})
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	who := Principal{Claims: Claims{Scopes: []string{"a", "b"}, Roles: []string{"R1", "R2"}}}
	require.NoError(t, who.Authorize(nil, nil))
	require.NoError(t, who.Authorize([]string{"b", "a"}, []string{"R0", "R2"}))
	require.ErrorIs(t, who.Authorize(nil, []string{"R0"}), fault.Errorf(fault.InsufficientScope, ""))
	var refused *fault.Error
	require.ErrorAs(t, who.Authorize([]string{"a", "c"}, []string{"R1"}), &refused)
	require.Equal(t, "a c", refused.Scope)
}

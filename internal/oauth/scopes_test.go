package oauth

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// The grammar is tested in package scope.
func TestParseScopes(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("x", 1024)
	for name, c := range map[string]struct {
		parameter string
		scopes    []string
		invalid   bool
	}{
		"none":              {},
		"two":               {parameter: "b a", scopes: []string{"b", "a"}},
		"invalid character": {parameter: `a "`, invalid: true},
		"1024 bytes":        {parameter: longest, scopes: []string{longest}},
		"1025 bytes":        {parameter: longest + "x", invalid: true},
		"1025 spaces":       {parameter: strings.Repeat(" ", 1025), invalid: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scopes, err := parseScopes(c.parameter)
			if c.invalid {
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
		requested, user, client, granted []string
		invalid                          bool
	}{
		"none requested":                {user: []string{"a", "b"}, granted: []string{"a", "b"}},
		"none requested, narrow client": {user: []string{"a", "b"}, client: []string{"b", "c"}, granted: []string{"b"}},
		"none requested, none allowed":  {},
		"one of two":                    {requested: []string{"b"}, user: []string{"a", "b"}, granted: []string{"b"}},
		"as requested, in that order":   {requested: []string{"b", "a"}, user: []string{"a", "b"}, granted: []string{"b", "a"}},
		"one not the user's":            {requested: []string{"a", "x"}, user: []string{"a"}, invalid: true},
		"one not the client's":          {requested: []string{"a"}, user: []string{"a"}, client: []string{"b"}, invalid: true},
		"requested without any":         {requested: []string{"a"}, invalid: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			granted, err := grantScopes(c.requested, c.user, c.client)
			if c.invalid {
				require.ErrorIs(t, err, errScope)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.granted, granted)
		})
	}
}

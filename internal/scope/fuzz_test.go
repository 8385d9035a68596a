package scope_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/scope"
)

// Scopes that are accepted are valid, each is there once, and parsing what Join writes returns them again.
func FuzzScope(f *testing.F) {
	for _, seed := range []string{
		"", " ", "profile", "users:read users:write", "a  a b", "a\tb", "a\nb", `a"b`, `a\b`, "é", "\x7f", "\u00a0", "\xff", "a\x00", strings.Repeat("a ", 300),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, parameter string) {
		scopes, ok := scope.Parse(parameter)
		if !ok {
			require.Empty(t, scopes)
			require.True(t, strings.ContainsFunc(parameter, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }))
			return
		}
		require.True(t, scope.AllValid(scopes))
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(scopes))), len(scopes))
		again, ok := scope.Parse(scope.Join(scopes))
		require.True(t, ok)
		require.Equal(t, scopes, again)
		require.True(t, scope.Subset(scopes, again))
		require.Equal(t, scopes, append([]string(nil), scope.Intersect(scopes, again)...))
	})
}

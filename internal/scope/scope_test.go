package scope_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/internal/scope"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parameter string
		scopes    []string
		invalid   bool
	}{
		"none":              {},
		"one":               {parameter: "profile", scopes: []string{"profile"}},
		"order is kept":     {parameter: "b a", scopes: []string{"b", "a"}},
		"duplicate":         {parameter: "a b a", scopes: []string{"a", "b"}},
		"other case":        {parameter: "a A", scopes: []string{"a", "A"}},
		"extra spaces":      {parameter: "  a   b ", scopes: []string{"a", "b"}},
		"spaces only":       {parameter: "   "},
		"ends of the range": {parameter: "!#[]~", scopes: []string{"!#[]~"}},
		"quote":             {parameter: `a"b`, invalid: true},
		"backslash":         {parameter: `a\b`, invalid: true},
		"tab":               {parameter: "a\tb", invalid: true},
		"line break":        {parameter: "a\nb", invalid: true},
		"NUL":               {parameter: "a\x00", invalid: true},
		"delete":            {parameter: "a\x7f", invalid: true},
		"outside ASCII":     {parameter: "é", invalid: true},
		"invalid UTF-8":     {parameter: "\xff", invalid: true},
		"second is invalid": {parameter: `a "`, invalid: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scopes, ok := scope.Parse(c.parameter)
			require.Equal(t, !c.invalid, ok)
			require.Equal(t, c.scopes, scopes)
		})
	}
}

// TestValid checks every byte against RFC 6749 appendix A.4: NQCHAR = %x21 / %x23-5B / %x5D-7E.
func TestValid(t *testing.T) {
	t.Parallel()
	for b := range 256 {
		want := b == 0x21 || b >= 0x23 && b <= 0x5b || b >= 0x5d && b <= 0x7e
		require.Equal(t, want, scope.Valid(string([]byte{byte(b)})), "%#x", b)
	}
	require.False(t, scope.Valid(""))
	require.True(t, scope.AllValid(nil))
	require.True(t, scope.AllValid([]string{"a", "users:read"}))
	require.False(t, scope.AllValid([]string{"a", ""}))
}

// Parse is the inverse of Join for valid scopes without duplicates.
func TestJoin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scopes := rapid.SliceOfDistinct(rapid.StringMatching(`[!#-\[\]-~]{1,9}`), rapid.ID[string]).Draw(t, "scopes")
		got, ok := scope.Parse(scope.Join(scopes))
		require.True(t, ok)
		require.ElementsMatch(t, scopes, got)
	})
}

func TestSets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b, both []string
		subset     bool // a of b
	}{
		"empty":          {both: []string{}, subset: true},
		"empty in some":  {b: []string{"x"}, both: []string{}, subset: true},
		"some in empty":  {a: []string{"x"}, both: []string{}},
		"equal":          {a: []string{"x", "y"}, b: []string{"y", "x"}, both: []string{"x", "y"}, subset: true},
		"proper subset":  {a: []string{"y"}, b: []string{"x", "y"}, both: []string{"y"}, subset: true},
		"superset":       {a: []string{"x", "y"}, b: []string{"y"}, both: []string{"y"}},
		"overlap":        {a: []string{"z", "y", "x"}, b: []string{"x", "y", "w"}, both: []string{"y", "x"}},
		"disjoint":       {a: []string{"x"}, b: []string{"y"}, both: []string{}},
		"case is a part": {a: []string{"X"}, b: []string{"x"}, both: []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.subset, scope.Subset(c.a, c.b))
			require.ElementsMatch(t, c.both, scope.Intersect(c.a, c.b))
			if len(c.both) > 0 {
				require.Equal(t, c.both, scope.Intersect(c.a, c.b), "the order is that of the first list")
			}
		})
	}
}

// The operations return new lists and leave their arguments as they are.
func TestSetsAreNotModified(t *testing.T) {
	t.Parallel()
	all := []string{"a", "b", "c"}
	require.Equal(t, []string{"a", "c"}, scope.Without(all, "b"))
	require.Equal(t, []string{"a", "b", "c"}, scope.Without(all, "x"))
	require.Equal(t, []string{"b"}, scope.Intersect(all, []string{"b"}))
	require.Equal(t, []string{"a", "b", "c"}, all)
}

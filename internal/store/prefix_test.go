package store

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrefixEnd(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{
		"":                     "",
		"a":                    "b",
		"ann":                  "ano",
		"az":                   "a{",
		"é":                    "ê",
		"\x7f":                 "\u0080", // from one byte to two
		"\uD7FF":               "\uE000", // past the surrogates
		"\uFFFF":               "\U00010000",
		"a\U0010FFFF":          "b", // no later text begins with a
		"\U0010FFFF\U0010FFFF": "",
	} {
		end := PrefixEnd(prefix)
		require.Equal(t, want, end, "%q", prefix)
		if end == "" {
			continue
		}
		require.Less(t, prefix+strings.Repeat("\U0010FFFF", 3), end, "%q", prefix)
		require.Greater(t, end, prefix, "%q", prefix)
	}
}

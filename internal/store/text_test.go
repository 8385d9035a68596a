package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCleanText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":          "",
		"Zoë 🗝️\n":  "Zoë 🗝️\n",
		"a\x00b":    "a\uFFFDb",
		"a\xff\xfe": "a\uFFFD", // one for a run of invalid bytes
	} {
		require.Equal(t, want, CleanText(text), "%q", text)
	}
}

package process

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Linux accepts the request where it has huge pages. The test of hashprocess shows which memory gets them.
func TestUseHugePages(t *testing.T) {
	t.Parallel()
	const size = 19456 << 10
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		require.Error(t, UseHugePages(size), "this Linux has no huge pages")
		return
	}
	require.NoError(t, UseHugePages(size))
}

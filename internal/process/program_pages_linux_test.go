package process

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const smapsOfProgram = `00400000-013e9000 r-xp 00000000 fe:00 4242                   /opt/latch key
Rss:               14116 kB
Anonymous:             0 kB
Swap:                  0 kB
013e9000-02659000 r--p 00fe9000 fe:00 4242                   /opt/latch key
Anonymous:             4 kB
Swap:                  0 kB
02659000-0275e000 rw-p 02259000 fe:00 4242                   /opt/latch key
Anonymous:             0 kB
Swap:                  0 kB
0275e000-0275f000 r--p 0235e000 fe:00 4242                   /opt/latch key
Anonymous:             0 kB
Swap:                  0 kB
0275f000-02760000 r--p 0235f000 fe:00 4242                   /opt/latch key
Anonymous:             0 kB
Swap:                  4 kB
7f0000000000-7f0000001000 r--p 00000000 fe:00 77             /lib/another
Anonymous:             0 kB
Swap:                  0 kB
7f0000002000-7f0000003000 r--p 00000000 00:00 0
Anonymous:             0 kB
Swap:                  0 kB
`

// Only what is as in the program file may be given back.
func TestUnchangedMappings(t *testing.T) {
	t.Parallel()
	found, err := unchangedMappings(strings.NewReader(smapsOfProgram), "/opt/latch key")
	require.NoError(t, err)
	require.Equal(t, []mapping{{0x400000, 0x13e9000}, {0x275e000, 0x275f000}}, found)
}

// The pages of this test leave its memory, and it goes on with those that it needs.
func TestReturnProgramPages(t *testing.T) { //nolint:paralleltest // other tests use pages as well
	before := fileMemory(t)
	require.NoError(t, ReturnProgramPages())
	require.Less(t, fileMemory(t), before, "KiB")
}

// fileMemory returns the resident memory of this process that is in files, in KiB.
func fileMemory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	size, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return size
}

package process

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Linux has been asked for huge pages for as much memory as the value needs.
func TestUseHugePages(t *testing.T) { //nolint:paralleltest // other tests allocate as well
	const size = 19456 << 10
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		require.Error(t, UseHugePages(size), "this Linux has no huge pages")
		return
	}
	require.NoError(t, UseHugePages(size))
	require.GreaterOrEqual(t, advisedMemory(t), size)
}

// advisedMemory returns how many bytes of this process may be in huge pages: those with the flag hg in
// /proc/PID/smaps (proc_pid_smaps(5)).
func advisedMemory(t *testing.T) (size int) {
	t.Helper()
	smaps, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	var current mapping
	for line := range strings.Lines(string(smaps)) {
		var m mapping
		if n, _ := fmt.Sscanf(line, "%x-%x ", &m.begin, &m.end); n == 2 {
			current = m
		}
		if strings.HasPrefix(line, "VmFlags:") && strings.Contains(line, " hg ") {
			size += int(current.end - current.begin)
		}
	}
	return size
}

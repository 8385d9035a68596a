package hashprocess_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/password"
)

// A process that computes hashes asks Linux for huge pages for the memory of a hash, and for nothing else.
func TestHugePages(t *testing.T) {
	t.Parallel()
	want := int(password.DefaultParams.Memory) << 10
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		want = 0 // this Linux has no huge pages
	}
	h, started := newHasher(t)
	for range 2 { // the first is followed by a garbage collection
		_, err := h.Hash(t.Context(), "right")
		require.NoError(t, err)
	}
	require.Equal(t, want, advisedMemory(t, started.Load().Process.Pid))
}

// advisedMemory returns how many bytes of a process may be in huge pages: those with the flag hg in
// /proc/PID/smaps (proc_pid_smaps(5)).
func advisedMemory(t *testing.T, pid int) (size int) {
	t.Helper()
	smaps, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	require.NoError(t, err)
	var mapping int // size
	for line := range strings.Lines(string(smaps)) {
		var begin, end int
		if n, _ := fmt.Sscanf(line, "%x-%x ", &begin, &end); n == 2 {
			mapping = end - begin
		}
		if strings.HasPrefix(line, "VmFlags:") && strings.Contains(line, " hg ") {
			size += mapping
		}
	}
	return size
}

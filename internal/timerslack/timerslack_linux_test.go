package timerslack

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// TestMain lets this program say which timer slack it has, in nanoseconds, and what is in its environment.
func TestMain(m *testing.M) {
	if last := os.Args[len(os.Args)-1]; last == "tell" {
		now, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
		_, _ = fmt.Fprintln(os.Stdout, now, err, os.Environ())
		return
	}
	goleak.VerifyTestMain(m)
}

func TestOnlyTheServiceStartsAnew(t *testing.T) {
	t.Parallel()
	tell := func(environment []string, arguments ...string) string {
		cmd := exec.CommandContext(t.Context(), "/proc/self/exe", append(arguments, "tell")...)
		cmd.Env = environment
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}
	before := tell([]string{"A=1"}, "version")
	require.NotEqual(t, "1000000 <nil> [A=1]", before)
	require.Equal(t, "1000000 <nil> [A=1]", tell([]string{"A=1"}, "serve"))
	require.Equal(t, before, tell([]string{"A=1", "TIMER_SLACK_RAISED=1"}, "serve"), "it never starts anew twice")
}

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

// TestMain lets this program say which timer slack it has, in nanoseconds, what it is called, and what is in its environment.
func TestMain(m *testing.M) {
	if last := os.Args[len(os.Args)-1]; last == "tell" {
		now, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
		name, _ := os.ReadFile("/proc/self/comm")
		_, _ = fmt.Fprintf(os.Stdout, "%d %v %s %s", now, err, strings.TrimSpace(string(name)), os.Environ())
		return
	}
	goleak.VerifyTestMain(m)
}

func TestOnlyTheServiceStartsAnew(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	require.NoError(t, err)
	tell := func(environment []string, arguments ...string) string {
		cmd := exec.CommandContext(t.Context(), program, append(arguments, "tell")...)
		cmd.Env = environment
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	before := tell([]string{"A=1"}, "version")
	after := "1000000 <nil> timerslack.test [A=1]"
	require.NotEqual(t, after, before)
	require.Equal(t, after, tell([]string{"A=1"}, "serve"))
	require.Equal(t, before, tell([]string{"A=1", "TIMER_SLACK_RAISED=1"}, "serve"), "it never starts anew twice")
}

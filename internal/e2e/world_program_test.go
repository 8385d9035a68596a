package e2e

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startProgram starts a program other than Latchkey, waits until its output matches the pattern of log, and
// stops it at the end of the test. It returns the match.
func startProgram(t *testing.T, cmd *exec.Cmd, log *output) []string {
	t.Helper()
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	var exit error
	ended := make(chan struct{})
	go func() { exit = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-ended:
		case <-time.After(waitTimeout):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	select {
	case match := <-log.matched:
		return match
	case <-ended:
		require.Fail(t, cmd.Path+" ended while it started", "%v\n%s", exit, log)
	case <-time.After(programTimeout):
		require.Fail(t, cmd.Path+" did not start in time", "%s", log)
	}
	return nil
}

// programTimeout is longer than waitTimeout: a Java application on a busy machine takes a minute.
const programTimeout = 2 * time.Minute

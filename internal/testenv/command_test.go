//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRunCommand(t *testing.T) {
	t.Parallel()
	code, err := runForeground(t.Context(), []string{"CODE=7"}, []string{"sh", "-c", "exit $CODE"})
	require.NoError(t, err)
	require.Equal(t, 7, code)

	code, err = runForeground(t.Context(), nil, []string{"no-such-program"})
	require.Error(t, err)
	require.Equal(t, 1, code)
}

func TestCanceledCommandEndsWithItsProcessGroup(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	pidfile := filepath.Join(t.TempDir(), "pid")
	done := make(chan int)
	go func() {
		// The grandchild ignores SIGTERM, as a hanging test might.
		code, _ := runForeground(ctx, []string{"PIDFILE=" + pidfile}, []string{
			"sh", "-c", `sh -c 'trap "" TERM; echo $$ >"$PIDFILE.new"; mv "$PIDFILE.new" "$PIDFILE"; sleep 60' & wait`})
		done <- code
	}()
	require.Eventually(t, func() bool { _, err := os.Stat(pidfile); return err == nil }, 10*time.Second, 10*time.Millisecond)
	cancel()
	require.Equal(t, 130, <-done)

	text, err := os.ReadFile(pidfile)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return ended(pid) }, 10*time.Second, 10*time.Millisecond)
}

// ended reports whether a process no longer exists or is a zombie.
func ended(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

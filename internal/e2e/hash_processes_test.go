package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Hashes are computed in other processes with a lower priority. Users notice nothing when these are killed, and
// none outlives the service. Only Linux tells who started a process.
func TestHashProcesses(t *testing.T) {
	t.Parallel()
	s := start(t, newSQLite(t))

	// 1. Sign in while a helper is killed again and again.
	var group sync.WaitGroup
	stop := make(chan struct{})
	group.Go(func() {
		for {
			for _, pid := range s.hashProcesses(t) {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
			}
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond): // longer than a hash, and than a start
			}
		}
	})
	for range 20 {
		got := s.login(t, "user", devPassword("user"))
		require.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, got.status, "never a refusal: %s", got.body)
	}
	close(stop)
	group.Wait()
	require.Equal(t, http.StatusOK, s.login(t, "user", devPassword("user")).status)

	// 2. They have a lower priority, and nothing of the environment.
	pids := s.hashProcesses(t)
	require.NotEmpty(t, pids)
	for _, pid := range pids {
		own, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
		require.NoError(t, err)
		theirs, err := syscall.Getpriority(syscall.PRIO_PROCESS, pid)
		require.NoError(t, err)
		require.Less(t, theirs, own, "Linux returns 20 minus the niceness")
		if group, err := os.ReadFile(fmt.Sprintf("/proc/%d/autogroup", pid)); err == nil { // not every Linux has it
			require.Regexp(t, `nice 5\n$`, string(group), "of a session of its own")
		}
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		require.NoError(t, err)
		require.Empty(t, environment)
	}

	// 3. They end with the service, even if it is killed.
	s.kill()
	for _, pid := range pids {
		require.Eventually(t, func() bool { return syscall.Kill(pid, 0) != nil }, waitTimeout, 10*time.Millisecond)
	}
}

// What a package allocates when it is initialized would be in the memory of each process for hashes, which therefore takes
// over before the packages of the service.
func TestHashProcessTakesOverFirst(t *testing.T) {
	t.Parallel()
	initialized := func(argument string) string {
		cmd := exec.CommandContext(t.Context(), binary, argument)
		cmd.Env = []string{"GODEBUG=inittrace=1"}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	const ofService = "init github.com/latchkey-auth/latchkey/internal/httpapi @"
	require.Contains(t, initialized("version"), ofService)
	got := initialized("compute-hashes")
	require.Contains(t, got, "init github.com/latchkey-auth/latchkey/internal/password @")
	require.NotContains(t, got, ofService)
}

// hashProcesses returns the processes that the server has started.
func (s *server) hashProcesses(t *testing.T) (pids []int) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.cmd.Process.Pid))
	require.NoError(t, err)
	require.NotEmpty(t, files, "the test needs Linux")
	for _, f := range files {
		text, _ := os.ReadFile(f) // a thread that has ended has no children
		for field := range strings.FieldsSeq(string(text)) {
			pid, err := strconv.Atoi(field)
			require.NoError(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

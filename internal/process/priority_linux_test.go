package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// scheduling is what Linux says about the threads of a process.
type scheduling struct {
	Nice  []int32
	Turns []time.Duration
}

// report is what a process says about itself before and after it changes its scheduling.
type report struct {
	Start, Short, Low scheduling
	OwnSession        bool
	Group             string // empty where Linux does not group
}

// TestMain lets this program change its scheduling, which a test could not take back, and say what Linux then says.
func TestMain(m *testing.M) {
	if os.Args[len(os.Args)-1] != "reschedule" {
		os.Exit(m.Run())
	}
	r, err := rescheduleAndReport()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func rescheduleAndReport() (r report, err error) {
	err = errors.Join(r.Start.read(),
		ShortenTurns(), startThread(), r.Short.read(),
		whileThreadsStart(func() error { return LowerPriority(3) }), startThread(), r.Low.read())
	if err != nil {
		return r, err
	}
	session, err := unix.Getsid(0)
	r.OwnSession = session == os.Getpid()
	if group, err := os.ReadFile("/proc/self/autogroup"); err == nil { // not every Linux has it
		r.Group = string(group)
	}
	return r, err
}

// startThread starts a thread that lives on.
func startThread() error {
	started := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		close(started)
		select {}
	}()
	<-started
	return nil
}

// whileThreadsStart calls do while other threads start.
func whileThreadsStart(do func() error) error {
	started := make(chan error)
	go func() {
		var errs error
		for range 50 {
			errs = errors.Join(errs, startThread())
		}
		started <- errs
	}()
	return errors.Join(do(), <-started)
}

// read reads what Linux says about each thread of this process.
func (s *scheduling) read() error {
	threads, err := os.ReadDir("/proc/self/task")
	for _, thread := range threads {
		var id int
		if _, err := fmt.Sscan(thread.Name(), &id); err != nil {
			return err
		}
		settings, err := unix.SchedGetAttr(id, 0)
		if err != nil {
			return err
		}
		s.Nice, s.Turns = append(s.Nice, settings.Nice), append(s.Turns, time.Duration(settings.Runtime))
	}
	return err
}

// Every thread gets what its process asks for, also one that starts later.
func TestScheduling(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), program, "reschedule")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var got report
	require.NoError(t, json.Unmarshal(out, &got), "%s", out)

	nice, turn := got.Start.Nice[0], got.Start.Turns[0]
	requireAll(t, nice, got.Short.Nice)
	requireAll(t, min(nice+3, 19), got.Low.Nice)
	require.True(t, got.OwnSession)
	if got.Group != "" {
		require.Regexp(t, `nice 3\n$`, got.Group)
	}
	if turn == 0 {
		t.Log("this Linux has turns of one length only: it is older than 6.12")
		return
	}
	requireAll(t, shortTurn, got.Short.Turns)
	requireAll(t, turn, got.Low.Turns)
}

func requireAll[T any](t *testing.T, want T, got []T) {
	t.Helper()
	require.Greater(t, len(got), 1, "a Go program has several threads")
	for _, one := range got {
		require.Equal(t, want, one)
	}
}

package process

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// startedAnew is in the environment of a program that RaiseTimerSlack has started, so that it never does so twice.
const startedAnew = "TIMER_SLACK_RAISED"

// RaiseTimerSlack starts this program anew if its timer slack is shorter: all its threads then have the new one, and so
// have its children (PR_SET_TIMERSLACK in prctl(2)). It returns if there is nothing to do, or with an error if
// that is not possible.
func RaiseTimerSlack(slack time.Duration) error {
	if os.Getenv(startedAnew) != "" {
		return os.Unsetenv(startedAnew)
	}
	current, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || time.Duration(current) >= slack {
		return err
	}
	program, err := os.Executable() // /proc/self/exe would give the process the name exe
	if err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0); err != nil {
		return err
	}
	return syscall.Exec(program, os.Args, append(os.Environ(), startedAnew+"=1")) //nolint:gosec // this program
}

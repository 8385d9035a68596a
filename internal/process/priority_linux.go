package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// shortTurn is how long a thread may run before another one's turn. Linux lets threads with short turns begin soon, so
// requests need not wait for the longer turns of hashes. Older versions than 6.12 ignore it.
const shortTurn = 200 * time.Microsecond

// LowerPriority lowers the priority of this process by a niceness, and gives it a session of its own with a lower
// priority as well (sched(7)). It takes back the short turns that the process has from the one that started it.
func LowerPriority(niceness int32) error {
	err := reschedule(func(s *unix.SchedAttr) { s.Nice, s.Runtime = min(s.Nice+niceness, 19), 0 })
	return errors.Join(err, leaveGroup(niceness))
}

// leaveGroup gives this process a session of its own, with a lower priority. Linux may share the processors
// among sessions first (sched(7), autogroup), and niceness counts only within one. A PostgreSQL process, which
// has a session of its own, would wait for the service and all of its hashes together.
func leaveGroup(niceness int32) error {
	if _, err := unix.Setsid(); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := os.WriteFile("/proc/self/autogroup", fmt.Append(nil, niceness), 0)
		switch {
		case errors.Is(err, fs.ErrNotExist): // this Linux never groups
			return nil
		case errors.Is(err, syscall.EAGAIN) && attempt < groupAttempts: // all users together may do this every 0.1 s
			time.Sleep(100 * time.Millisecond)
		default:
			return err
		}
	}
}

const groupAttempts = 10

// ShortenTurns lets the threads of this process, and those that they start, have short turns.
func ShortenTurns() error {
	return reschedule(func(s *unix.SchedAttr) { s.Runtime = uint64(shortTurn) })
}

// reschedule changes how Linux schedules the threads of this process. Each has its own settings, and new ones inherit
// them from the one that starts them: it looks for new ones until all have those that change makes of the first one's.
func reschedule(change func(*unix.SchedAttr)) error {
	settings, err := unix.SchedGetAttr(os.Getpid(), 0)
	if err != nil {
		return err
	}
	change(settings)
	for seen, before := map[string]bool{}, -1; len(seen) > before; {
		before = len(seen)
		if err := setNew(seen, settings); err != nil {
			return err
		}
	}
	return nil
}

// setNew applies settings to the threads that are not among those seen, and adds them.
func setNew(seen map[string]bool, settings *unix.SchedAttr) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil || seen[t.Name()] {
			continue
		}
		seen[t.Name()] = true
		if err := unix.SchedSetAttr(id, settings, 0); err != nil && !errors.Is(err, syscall.ESRCH) { // it has ended
			return err
		}
	}
	return nil
}

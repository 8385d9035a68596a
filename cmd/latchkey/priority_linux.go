package main

import (
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// requestTurn is how long a thread of the service may run before another one's turn. Linux lets threads with
// short turns begin soon, so requests need not wait for the longer turns of hashes. Older versions than
// 6.12 ignore it.
const requestTurn = 200 * time.Microsecond

// lowerPriority lowers the priority of this process, and takes back the short turns that it has from the service.
func lowerPriority() error {
	return reschedule(func(s *unix.SchedAttr) { s.Nice, s.Runtime = min(s.Nice+hashNiceness, 19), 0 })
}

// shortenTurns lets the threads of this process have short turns.
func shortenTurns() error {
	return reschedule(func(s *unix.SchedAttr) { s.Runtime = uint64(requestTurn) })
}

// reschedule changes how Linux schedules the threads of this process. Each has its own settings, and new ones
// inherit them.
func reschedule(change func(*unix.SchedAttr)) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		settings, err := unix.SchedGetAttr(id, 0)
		if err != nil {
			return err
		}
		change(settings)
		if err := unix.SchedSetAttr(id, settings, 0); err != nil {
			return err
		}
	}
	return nil
}

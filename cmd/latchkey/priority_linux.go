package main

import (
	"os"
	"strconv"
	"syscall"
)

// hashNiceness is how much lower the priority of hashes is than that of the service: requests go first, and hashes get what is left, or about a quarter of
// a processor that requests keep busy.
const hashNiceness = 5

// lowerPriority lowers the priority of this process. On Linux each thread has its own; new ones inherit it.
func lowerPriority() error {
	raw, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return err
	}
	niceness := min(20-raw+hashNiceness, 19) // Linux returns 20 minus the niceness
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, id, niceness); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"os"
	"strconv"
	"syscall"
)

// hashNiceness is the priority of hashes: requests go first, and hashes get what is left, or about a quarter of
// a processor that requests keep busy.
const hashNiceness = 5

// lowerPriority lowers the priority of this process. On Linux each thread has its own; new ones inherit it.
func lowerPriority() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, id, hashNiceness); err != nil {
			return err
		}
	}
	return nil
}

//go:build unix && !linux

package main

import "syscall"

// lowerPriority lowers the priority of this process, so that requests go first.
func lowerPriority() error {
	niceness, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return err
	}
	return syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness+hashNiceness)
}

// shortenTurns does nothing: only Linux has turns of different lengths.
func shortenTurns() error { return nil }

//go:build unix && !linux

package process

import "syscall"

// LowerPriority lowers the priority of this process by a niceness.
func LowerPriority(niceness int32) error {
	current, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return err
	}
	return syscall.Setpriority(syscall.PRIO_PROCESS, 0, current+int(niceness))
}

// ShortenTurns does nothing: only Linux has turns of different lengths.
func ShortenTurns() error { return nil }

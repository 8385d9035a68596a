//go:build !linux

package process

import "time"

// RaiseTimerSlack does nothing: only Linux has a timer slack for each thread.
func RaiseTimerSlack(time.Duration) error { return nil }

//go:build !linux

package process

// ReturnProgramPages does nothing: only Linux is known to map a page again when it is needed.
func ReturnProgramPages() error { return nil }

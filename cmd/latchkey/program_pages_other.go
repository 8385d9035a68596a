//go:build !linux

package main

// returnProgramPages does nothing: only Linux is known to map a page again when it is needed.
func returnProgramPages() error { return nil }

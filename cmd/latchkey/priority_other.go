//go:build !unix

package main

// lowerPriority does nothing: the system has no priorities that the standard library can set.
func lowerPriority() error { return nil }

// shortenTurns does nothing.
func shortenTurns() error { return nil }

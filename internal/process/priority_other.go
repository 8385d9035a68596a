//go:build !unix

package process

// LowerPriority does nothing: the system has no priorities that the standard library can set.
func LowerPriority(int32) error { return nil }

// ShortenTurns does nothing.
func ShortenTurns() error { return nil }

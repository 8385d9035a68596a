package main

import (
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is a process for hashes when the tested program starts it as one. Else it fails if a goroutine outlives the tests.
func TestMain(m *testing.M) {
	if slices.Equal(os.Args[1:], []string{hashProcess}) {
		os.Exit(computeHashes())
	}
	goleak.VerifyTestMain(m)
}

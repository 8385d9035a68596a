//go:build unix

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/latchkey-auth/latchkey/internal/password"
)

// hashLoop hashes on every processor at once, with the service's parameters and nothing else to do, and
// returns the hashes per second.
func hashLoop(length time.Duration) float64 {
	p := password.DefaultParams
	var hashes atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for range runtime.NumCPU() {
		group.Go(func() {
			for time.Since(start) < length {
				argon2.IDKey([]byte(sharedPassword), []byte("sixteen byte salt"), p.Time, p.Memory, p.Threads, 32)
				hashes.Add(1)
			}
		})
	}
	group.Wait()
	return float64(hashes.Load()) / time.Since(start).Seconds()
}

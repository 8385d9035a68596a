package main

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// hashSlots returns how many hashes may run at once: one for each processor. The first call lets Go run as
// many other threads besides, so that requests need not wait until a hash yields. The operating system
// shares the processors between them in much shorter turns.
var hashSlots = sync.OnceValue(func() int {
	slots := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(2 * slots)
	return slots
})

// releaseMemory returns to the operating system what only the start has used, a moment after it.
func releaseMemory() { time.AfterFunc(time.Second, debug.FreeOSMemory) }

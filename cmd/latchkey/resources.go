package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/internal/password"
)

// hashSlots returns how many hashes may run at once: one for each processor. The first call lets Go run one
// more thread, so that requests need not wait until a hash yields. The operating system shares the
// processors between the threads in much shorter turns.
var hashSlots = sync.OnceValue(func() int {
	slots := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(slots + 1)
	return slots
})

// Settings of the garbage collector. Requests leave so little behind that it need not run often; what grows
// the heap are the hashes, and they are bounded by the memory limit.
const (
	gcPercent  = 300
	baseMemory = 16 << 20 // of the heap and the stacks without load, in bytes
)

// tuneMemory configures the garbage collector unless the environment does (GOGC, GOMEMLIMIT), and returns to
// the operating system what only the start has used, a moment after it.
func tuneMemory(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	_ = adjustMemoryLimit(ctx)
	time.AfterFunc(time.Second, debug.FreeOSMemory)
}

// adjustMemoryLimit sets the memory limit to what the service uses besides hashes, and twice the memory of the
// hashes that may run at once. It is repeated, because a fixed limit that many connections exceed would make
// the collector run all the time.
func adjustMemoryLimit(context.Context) error {
	if os.Getenv("GOMEMLIMIT") == "" {
		hashes := int64(hashSlots()) * int64(password.DefaultParams.Memory) << 10
		debug.SetMemoryLimit(max(baseMemory, otherMemory(hashes)) + 2*hashes)
	}
	return nil
}

// otherMemory returns how many bytes the service needs besides its hashes: twice its live heap, and all that is
// not heap.
func otherMemory(hashes int64) int64 {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
	}
	metrics.Read(samples)
	other := int64(0)
	for i, s := range samples[1:] {
		n := int64(s.Value.Uint64())
		if i > 0 {
			n = -n
		}
		other += n
	}
	live := int64(samples[0].Value.Uint64())
	return other + 2*max(live-hashes, 0)
}

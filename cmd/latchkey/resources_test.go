package main

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAfterEachCollection(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	afterEachCollection(func() { calls.Add(1) })
	require.Eventually(t, func() bool {
		runtime.GC()
		return calls.Load() >= 3
	}, 10*time.Second, time.Millisecond)
}

// The limit leaves half of the live heap and the spare memory, so that the collector can rest.
func TestMemoryLimitFollowsTheHeap(t *testing.T) { //nolint:paralleltest // the limit is that of the process
	old := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(old) })
	live := make([]byte, 64<<20)
	runtime.GC()
	adjustMemoryLimit()
	require.GreaterOrEqual(t, debug.SetMemoryLimit(-1), int64(len(live)*3/2+spareMemory))
	runtime.KeepAlive(live)
}

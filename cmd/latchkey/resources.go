package main

import (
	"context"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/latchkey-auth/latchkey/internal/process"
)

// Settings of the garbage collector. Requests leave so little behind that it need not run often.
const (
	gcPercent   = 300
	baseMemory  = 32 << 20 // of the heap and the stacks, even if less is needed, in bytes
	spareMemory = 9 << 20  // for a burst of requests, in bytes
)

// tuneProcess configures memory, and how the operating system schedules the service.
func tuneProcess(ctx context.Context, log *slog.Logger) {
	tuneMemory(ctx, log)
	if err := process.ShortenTurns(); err != nil {
		log.DebugContext(ctx, "requests wait longer while passwords are hashed", "error", err)
	}
}

// tuneMemory configures the garbage collector unless the environment does (GOGC, GOMEMLIMIT), and returns to
// the operating system what only the start has used, a moment after it.
func tuneMemory(ctx context.Context, log *slog.Logger) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		adjustMemoryLimit()
		afterEachCollection(adjustMemoryLimit)
	}
	time.AfterFunc(time.Second, func() { returnMemory(ctx, log) })
}

// returnMemory returns to the operating system what only the start has used.
func returnMemory(ctx context.Context, log *slog.Logger) {
	debug.FreeOSMemory()
	if err := process.ReturnProgramPages(); err != nil {
		log.DebugContext(ctx, "pages of the program stay in memory", "error", err)
	}
}

// adjustMemoryLimit sets the memory limit to what the service uses and some more. A fixed limit that many connections
// exceed would make the collector run all the time.
func adjustMemoryLimit() { debug.SetMemoryLimit(max(baseMemory, neededMemory()) + spareMemory) }

// afterEachCollection calls f soon after each garbage collection, which is when the live heap is known anew.
func afterEachCollection(f func()) {
	type garbage struct{ _ *byte } // the pointer keeps it apart from small objects that may live on
	runtime.AddCleanup(&garbage{}, func(f func()) {
		f()
		afterEachCollection(f)
	}, f)
}

// returnProgramPages keeps only those pages of the program in memory that are in use: Linux maps them again. A system that
// does not allow it has said so at the start.
func returnProgramPages(context.Context) error {
	_ = process.ReturnProgramPages()
	return nil
}

// neededMemory returns how many bytes the service needs: one and a half times its live heap, and all that is not heap.
func neededMemory() int64 {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
	}
	metrics.Read(samples)
	live, needed := int64(samples[0].Value.Uint64()), int64(samples[1].Value.Uint64())
	for _, s := range samples[2:] {
		needed -= int64(s.Value.Uint64())
	}
	return needed + live*3/2
}

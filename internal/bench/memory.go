//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// residentMemory returns how much memory a process occupies, in bytes. Without /proc it asks ps.
func residentMemory(ctx context.Context, pid int) (uint64, error) {
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
		return statusKiB(string(status), "VmRSS:")
	}
	out, err := exec.CommandContext(ctx, "ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0, fmt.Errorf("ps: %w", err)
	}
	kib, err := strconv.ParseUint(strings.TrimSpace(string(out)), 10, 64)
	return kib << 10, err
}

// statusKiB returns a field of /proc/PID/status, which is in KiB, in bytes.
func statusKiB(status, name string) (uint64, error) {
	_, rest, found := strings.Cut(status, name)
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, fmt.Errorf("no %s in the status of the process", name)
	}
	kib, err := strconv.ParseUint(fields[0], 10, 64)
	return kib << 10, err
}

// usage is what a process uses in a window.
type usage struct {
	memory uint64        // the largest resident memory, in bytes
	cpu    time.Duration // of all its threads; 0 where the system does not tell
}

// watch reads the memory of a process ten times a second until the window ends.
func watch(ctx context.Context, pid int, w window) (u usage) {
	if pid == 0 {
		return u
	}
	sleep(ctx, time.Until(w.begin))
	before := processorTime(pid)
	for {
		if now, err := residentMemory(ctx, pid); err == nil {
			u.memory = max(u.memory, now)
		}
		left := time.Until(w.end)
		if left <= 0 || ctx.Err() != nil {
			u.cpu = processorTime(pid) - before
			return u
		}
		sleep(ctx, min(left, 100*time.Millisecond))
	}
}

// clockTick is the unit of processor times in /proc, the same on every architecture.
const clockTick = 10 * time.Millisecond

// processorTime returns the processor time that a process has used, or 0 without /proc.
func processorTime(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The second field is a name in parentheses that may contain spaces; user and system time are the
	// 12th and 13th after it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)   // a number, as the kernel says
	system, _ := strconv.ParseInt(fields[12], 10, 64) // likewise
	return time.Duration(user+system) * clockTick
}

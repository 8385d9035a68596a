//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// residentMemory returns how much memory processes and their children occupy, in bytes. Pages that they share,
// such as those of the program itself, count once.
func residentMemory(ctx context.Context, pids ...int) (sum uint64, err error) {
	for _, pid := range pids {
		own, failed := familyMemory(ctx, pid)
		sum, err = sum+own, errors.Join(err, failed)
	}
	return sum, err
}

func familyMemory(ctx context.Context, pid int) (uint64, error) {
	sum, err := ownMemory(ctx, pid)
	for _, child := range children(pid) {
		if share, err := proportionalMemory(child); err == nil { // a child that has ended occupies nothing
			sum += share
		}
	}
	return sum, err
}

// proportionalMemory returns the resident memory of a process, of which pages that other processes have, too,
// count in proportion, in bytes.
func proportionalMemory(pid int) (uint64, error) {
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	return statusKiB(string(rollup), "Pss:")
}

// children returns the processes that a process has started, where the system tells.
func children(pid int) (pids []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is valid
	for _, f := range files {
		text, _ := os.ReadFile(f) //nolint:gosec // in /proc; a thread that has ended has no children
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// ownMemory returns the resident memory of one process, in bytes. Without /proc it asks ps, which does not know
// what is shared.
func ownMemory(ctx context.Context, pid int) (uint64, error) {
	if own, err := proportionalMemory(pid); err == nil {
		return own, nil
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

// usage is what processes use in a window.
type usage struct {
	memory uint64        // the largest resident memory of them and their children, in bytes
	cpu    time.Duration // processor time of all their threads; 0 where the system does not tell
	hashes time.Duration // that of their children
}

// add adds what they use in another window.
func (u *usage) add(other usage) {
	u.memory = max(u.memory, other.memory)
	u.cpu += other.cpu
	u.hashes += other.hashes
}

// watchInterval is how often memory is read: each time takes some milliseconds of a processor from what is measured.
const watchInterval = 500 * time.Millisecond

// watch reads the memory of processes at the beginning and the end of a window, and every watchInterval in it.
func watch(ctx context.Context, pids []int, w window) (u usage) {
	if len(pids) == 0 {
		return u
	}
	sleep(ctx, time.Until(w.begin))
	own, children := familyTimes(pids...)
	for {
		if now, err := residentMemory(ctx, pids...); err == nil {
			u.memory = max(u.memory, now)
		}
		left := time.Until(w.end)
		if left <= 0 || ctx.Err() != nil {
			u.cpu, u.hashes = familyTimes(pids...)
			u.cpu, u.hashes = u.cpu-own, u.hashes-children
			return u
		}
		sleep(ctx, min(left, watchInterval))
	}
}

// clockTick is the unit of processor times in /proc, the same on every architecture.
const clockTick = 10 * time.Millisecond

// familyTimes returns the processor time that processes have used, and that of their children, also of those that
// have ended, or 0 without /proc.
func familyTimes(pids ...int) (own, ofChildren time.Duration) {
	for _, pid := range pids {
		used, ended := processorTimes(pid)
		own += used
		ofChildren += ended
		for _, child := range children(pid) {
			used, _ := processorTimes(child)
			ofChildren += used
		}
	}
	return own, ofChildren
}

// share returns the part of a time that one of n has, in microseconds.
func share(total time.Duration, n int) float64 {
	return float64(total.Microseconds()) / float64(max(n, 1))
}

// processorTimes returns the processor time that a process has used, and that of its children that have ended, or 0
// without /proc.
func processorTimes(pid int) (used, ofEnded time.Duration) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	// The second field is a name in parentheses that may contain spaces. From the 12th on after it are user and
	// system time, and those of ended children.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 15 {
		return 0, 0
	}
	var ticks [4]int64
	for i := range ticks {
		ticks[i], _ = strconv.ParseInt(fields[11+i], 10, 64) // a number, as the kernel says
	}
	return time.Duration(ticks[0]+ticks[1]) * clockTick, time.Duration(ticks[2]+ticks[3]) * clockTick
}

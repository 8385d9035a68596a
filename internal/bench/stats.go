//go:build unix

package main

import (
	"math"
	"slices"
	"time"
)

// percentile returns the smallest element that at least p percent of the sorted elements do not exceed
// (nearest rank), or 0 if there are none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// latencies are the 50th, 95th and 99th percentile, in milliseconds.
type latencies struct {
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`
}

// summarize sorts the durations.
func summarize(all []time.Duration) latencies {
	slices.Sort(all)
	return latencies{
		P50: milliseconds(percentile(all, 50)),
		P95: milliseconds(percentile(all, 95)),
		P99: milliseconds(percentile(all, 99)),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

//go:build unix

package main

import (
	"fmt"
	"runtime"
)

// metric is what a target is about.
type metric string

const (
	ofLimit metric = "rate as a fraction of the limit"
	ofBase  metric = "rate as a fraction of that with 1,000 users"
	p99     metric = "99th percentile, ms"
	readyIn metric = "median time until ready, ms"
	memory  metric = "memory, bytes"
)

// target is what a row is to reach on an engine, or on both if engine is empty.
type target struct {
	row    string
	engine engine
	metric metric
	want   float64 // at least for fractions, else at most
}

// What the service may occupy, in bytes.
const (
	idleMemory = 40e6
	hashMemory = 2 * 19 << 20 // for each processor, under load: twice what one password hash occupies
)

// targets are for a machine with two processors that does nothing else.
var targets = []target{
	{row: "login", metric: ofLimit, want: 0.95},
	{row: "profile", engine: postgres, metric: ofLimit, want: 0.80},
	{row: "profile", engine: sqlite, metric: ofLimit, want: 0.50},
	{row: "refresh", engine: postgres, metric: ofLimit, want: 0.40},
	{row: "refresh", engine: sqlite, metric: ofLimit, want: 0.60},
	{row: "flood", metric: ofLimit, want: 0.90},
	{row: "flood-refused", metric: p99, want: 50},
	{row: "flood-profile", metric: p99, want: 10},
	{row: "flood-refresh", metric: p99, want: 25},
	{row: "startup", metric: readyIn, want: 200},
	{row: "idle", metric: memory, want: idleMemory},
	{row: "peak", metric: memory, want: idleMemory + hashMemory*float64(runtime.NumCPU())},
}

// scaleTarget is the target of every rate with more than baseUsers users.
const scaleTarget = 0.90

// check is the comparison of a row with a target.
type check struct {
	Metric metric  `json:"metric"`
	Want   float64 `json:"want"`
	Got    float64 `json:"got"`
	Met    bool    `json:"met"`
}

// judge compares a row with its targets.
func (r row) judge() []check {
	var checks []check
	for _, t := range targets {
		if t.row != r.Key || t.engine != "" && string(t.engine) != r.Engine {
			continue
		}
		if got, ok := r.value(t.metric); ok {
			checks = append(checks, newCheck(t.metric, t.want, got))
		}
	}
	if got, ok := r.value(ofBase); ok {
		checks = append(checks, newCheck(ofBase, scaleTarget, got))
	}
	return checks
}

func newCheck(m metric, want, got float64) check {
	met := got <= want
	if m == ofLimit || m == ofBase {
		met = got >= want
	}
	return check{m, want, got, met}
}

// value returns what a metric of the row is, if it was measured.
func (r row) value(m metric) (float64, bool) {
	switch m {
	case ofLimit:
		return r.ofLimit(), r.Limit != nil && r.Limit.Rate > 0
	case ofBase:
		return r.Rate / max(r.Base, 1e-9), r.Base > 0
	case p99:
		return r.P99, r.Requests > 0
	case readyIn:
		return r.P50, r.P50 > 0
	default:
		return float64(r.Memory), r.Memory > 0
	}
}

// String returns the target and whether it is met.
func (c check) String() string {
	var text string
	switch c.Metric {
	case ofLimit:
		text = fmt.Sprintf("≥ %.0f %% of the limit", 100*c.Want)
	case ofBase:
		text = fmt.Sprintf("≥ %.0f %% of %s users: %.0f %%", 100*c.Want, thousands(baseUsers), 100*c.Got)
	case p99:
		text = fmt.Sprintf("p99 ≤ %.0f ms", c.Want)
	case readyIn:
		text = fmt.Sprintf("≤ %.0f ms", c.Want)
	default:
		text = fmt.Sprintf("≤ %.0f MB", c.Want/1e6)
	}
	if c.Met {
		return text + ": met"
	}
	return text + ": not met"
}

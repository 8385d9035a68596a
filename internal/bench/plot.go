//go:build unix

package main

import (
	"fmt"
	"math"
)

// plot is a file with a plot.
type plot struct{ file, title, svg string }

// plots returns the plots of every engine.
func (r report) plots() []plot {
	var all []plot
	seen := map[string]bool{}
	for _, row := range r.Rows {
		if seen[row.Engine] {
			continue
		}
		seen[row.Engine] = true
		if bars := r.rateBars(row.Engine); len(bars) > 0 {
			title := engineName(row.Engine) + ": rates as a fraction of their limit"
			all = append(all, plot{row.Engine + "-rates.svg", title,
				barPlot(title, "A full bar is the limit, measured in the same run. The line is the target.", bars)})
		}
		if bars := r.latencyBars(row.Engine); len(bars) > 0 {
			title := engineName(row.Engine) + ": latency alone and in a login flood"
			all = append(all, plot{row.Engine + "-flood.svg", title,
				barPlot(title, fmt.Sprintf("99th percentile on a logarithmic scale from %g ms to %g s. The line is the target.", shortest, longest/1000), bars)})
		}
	}
	return all
}

// rateBars compares the rates of an engine with their limits.
func (r report) rateBars(engine string) []bar {
	var bars []bar
	for _, row := range r.Rows {
		if row.Engine != engine || row.Limit == nil {
			continue
		}
		each := bar{label: row.Name, length: row.ofLimit(), class: "ours",
			note: fmt.Sprintf("%s of %s/s", thousands(row.Rate), thousands(row.Limit.Rate))}
		for _, c := range row.Checks {
			if c.Metric == ofLimit {
				each.target = c.Want
			}
		}
		bars = append(bars, each)
	}
	return bars
}

// The ends of the scale of latencies, in milliseconds.
const (
	shortest = 0.1
	longest  = 10000.0
)

// onScale returns where a latency is on the logarithmic scale, from 0 to 1.
func onScale(ms float64) float64 {
	return math.Log(max(ms, shortest)/shortest) / math.Log(longest/shortest)
}

// latencyBars compares the latencies of an engine in a flood with those without.
func (r report) latencyBars(engine string) []bar {
	var bars []bar
	flood := false
	for _, key := range []string{"profile", "flood-profile", "refresh", "flood-refresh", "flood-refused"} {
		for _, row := range r.Rows {
			if row.Engine != engine || row.Key != key || row.Requests == 0 {
				continue
			}
			each := bar{label: row.Name, length: onScale(row.P99), class: "other", note: fmt.Sprintf("p50 %s, p99 %s ms", short(row.P50), short(row.P99))}
			for _, t := range targets {
				if t.row == key && t.metric == p99 {
					each.class, each.target, flood = "ours", onScale(t.want), true
				}
			}
			bars = append(bars, each)
		}
	}
	if !flood {
		return nil
	}
	return bars
}

//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain lets the test program be the limit server, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == limitCommand {
		main()
		return
	}
	os.Exit(m.Run())
}

// Every row is measured on SQLite: requests succeed, and the results are written.
func TestEveryRow(t *testing.T) {
	t.Parallel()
	binary, out := filepath.Join(t.TempDir(), "latchkey"), t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/latchkey-auth/latchkey/cmd/latchkey")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	text, err := build.CombinedOutput()
	require.NoError(t, err, "%s", text)

	var table, progress bytes.Buffer
	err = run(t.Context(), []string{
		"-engines", "sqlite", "-seconds", "1", "-rounds", "1", "-users", "60", "-conns", "4", "-flood", "6", "-starts", "1", "-idle", "10ms",
		"-binary", binary, "-write", out,
	}, &table, &progress)
	require.NoError(t, err, "%s", &progress)

	var r report
	data, err := os.ReadFile(filepath.Join(out, "latest.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &r))
	keys := map[string]bool{}
	for _, row := range r.Rows {
		keys[row.Key] = true
		require.Zero(t, row.Failed, "%s: %s", row.Name, row.Failure)
		switch row.Key {
		case "startup":
			require.Positive(t, row.P50)
		case "idle", "peak":
			require.Positive(t, row.Memory)
		case "flood-refused": // a fast machine refuses none of so few
		case "flood":
			require.Positive(t, row.Requests+row.Refused, row.Name)
		default:
			require.Positive(t, row.Requests, row.Name)
		}
		if row.Limit != nil {
			require.Positive(t, row.Limit.Rate, row.Name)
		}
		require.Contains(t, table.String(), row.Name)
	}
	for _, target := range targets {
		require.True(t, keys[target.row], "no row %s, which has a target", target.row)
	}
	page, err := os.ReadFile(filepath.Join(out, "latest.md"))
	require.NoError(t, err)
	require.Contains(t, string(page), "| profile read |")
	for _, name := range []string{"sqlite-rates.svg", "sqlite-flood.svg"} {
		svg, err := os.ReadFile(filepath.Join(out, name))
		require.NoError(t, err)
		requireXML(t, string(svg))
		require.Contains(t, string(page), "("+name+")")
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		sorted []time.Duration
		p      float64
		want   time.Duration
	}{
		{nil, 99, 0},
		{[]time.Duration{7}, 50, 7},
		{[]time.Duration{7}, 99, 7},
		{[]time.Duration{1, 2}, 50, 1},
		{[]time.Duration{1, 2}, 51, 2},
		{hundred, 0, 1},
		{hundred, 50, 50},
		{hundred, 95, 95},
		{hundred, 99, 99},
		{hundred, 99.5, 100},
		{hundred, 100, 100},
	} {
		require.Equal(t, c.want, percentile(c.sorted, c.p), "p%v of %d", c.p, len(c.sorted))
	}
	require.Equal(t, latencies{P50: 2, P95: 3, P99: 3}, summarize([]time.Duration{3 * time.Millisecond, time.Millisecond, 2 * time.Millisecond}))
}

func TestBarPlot(t *testing.T) {
	t.Parallel()
	svg := barPlot("Rates <&>", "of the limit", []bar{
		{label: "login & more", length: 0.5, note: "5 of 10/s", target: 0.95, class: "ours"},
		{label: "over the limit", length: 1.5, class: "other"},
	})
	requireXML(t, svg)
	for _, part := range []string{
		"prefers-color-scheme: dark", "Rates &lt;&amp;&gt;", "login &amp; more", `class="ours" x="190" y="64" width="180.0"`,
		`class="other" x="190" y="92" width="360.0"`, `class="mark" x1="532.0" x2="532.0"`, "5 of 10/s",
	} {
		require.Contains(t, svg, part)
	}
	require.Equal(t, 1, strings.Count(svg, "<line"))
}

func requireXML(t *testing.T, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

func TestChecks(t *testing.T) {
	t.Parallel()
	refresh := row{Engine: "postgres", Key: "refresh", Rate: 41, Requests: 1, Limit: &limit{Name: "pgbench", Rate: 100}, Base: 50}
	require.Equal(t, []check{{ofLimit, 0.4, 0.41, true}, {ofBase, 0.9, 0.82, false}}, refresh.judge())
	reads := row{Engine: "sqlite", Key: "flood-profile", Requests: 1, latencies: latencies{P99: 10.5}}
	require.Equal(t, []check{{p99, 10, 10.5, false}}, reads.judge())
	require.Empty(t, row{Engine: "sqlite", Key: "flood-profile"}.judge(), "nothing was measured")
	peak := row{Engine: "sqlite", Key: "peak", Memory: 79e6}
	require.True(t, peak.judge()[0].Met)
	require.Equal(t, "≥ 40 % of the limit: met", newCheck(ofLimit, 0.4, 0.4).String())
	require.Equal(t, "p99 ≤ 25 ms: not met", newCheck(p99, 25, 26).String())
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]float64{"0": 0, "7.3": 7.26, "99.9": 99.9, "100": 100, "1,235": 1234.6, "1,000,000": 1e6} {
		require.Equal(t, want, thousands(n))
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{
		{"-rows", "nothing"}, {"-engines", "mysql"}, {"-seconds", "0"}, {"-users", "1"},
		{"-peer", "http://127.0.0.1:1"}, {"-nothing"},
	} {
		_, err := parseOptions(append([]string{"-engines", "sqlite"}, arguments...), io.Discard)
		require.Error(t, err, "%v", arguments)
	}
	o, err := parseOptions([]string{"-engines", "sqlite", "-rows", "refresh,profile"}, io.Discard)
	require.NoError(t, err)
	require.True(t, o.selected("refresh"))
	require.False(t, o.selected("login"))
}

//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
)

// report is everything that was measured.
type report struct {
	Machine machine `json:"machine"`
	Rows    []row   `json:"rows"`
}

// publish prints the table, writes the files, and reports failed requests and, with -check, missed
// targets as an error.
func (r report) publish(o options, stdout io.Writer) error {
	if err := r.print(stdout); err != nil {
		return err
	}
	dir := o.write
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "latchkey-bench-results-"); err != nil {
			return err
		}
	}
	if err := r.write(dir); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "\nThe table, the plots and the data are in %s\n", dir)
	missed := false
	for _, row := range r.Rows {
		if row.Failed > 0 {
			return fmt.Errorf("%s, %s: %d requests failed, the first with: %s", row.Engine, row.Name, row.Failed, row.Failure)
		}
		for _, c := range row.Checks {
			missed = missed || !c.Met
		}
	}
	if missed && o.check {
		return errMissed
	}
	return nil
}

// print writes the facts and the table as text.
func (r report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, fact := range r.Machine.facts() {
		_, _ = fmt.Fprintf(t, "%s\t%s\n", fact[0], fact[1])
	}
	_, _ = fmt.Fprintln(t)
	_, _ = fmt.Fprintln(t, strings.Join(columns, "\t"))
	for _, row := range r.Rows {
		_, _ = fmt.Fprintln(t, strings.Join(row.cells(), "\t"))
	}
	return t.Flush()
}

// write writes the table, the plots and the data into a directory.
func (r report) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // documentation is for everyone
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	files := map[string]string{"latest.json": string(data) + "\n"}
	var plots []string
	for _, p := range r.plots() {
		files[p.file] = p.svg
		plots = append(plots, fmt.Sprintf("![%s](%s)\n", p.title, p.file))
	}
	files["latest.md"] = r.markdown(plots)
	var errs []error
	for name, text := range files {
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)) //nolint:gosec // documentation is for everyone
	}
	return errors.Join(errs...)
}

// markdown returns the page of the results.
func (r report) markdown(plots []string) string {
	var b strings.Builder
	b.WriteString("# Figures of the latest run\n\nWritten by `make bench WRITE=1`. [How to read them](README.md).\n\n| | |\n|---|---|\n")
	for _, fact := range r.Machine.facts() {
		_, _ = fmt.Fprintf(&b, "| %s | %s |\n", fact[0], fact[1])
	}
	engine := ""
	for _, row := range r.Rows {
		if row.Engine != engine {
			engine = row.Engine
			_, _ = fmt.Fprintf(&b, "\n## %s\n\n| %s |\n|---%s|\n", engineName(engine), strings.Join(columns[1:], " | "),
				strings.Repeat("|--:", len(columns)-4)+"|---|---")
		}
		_, _ = fmt.Fprintf(&b, "| %s |\n", strings.Join(row.cells()[1:], " | "))
	}
	if len(plots) > 0 {
		b.WriteString("\n## Plots\n\n" + strings.Join(plots, "\n"))
	}
	return b.String()
}

func engineName(e string) string {
	switch engine(e) {
	case postgres:
		return "PostgreSQL"
	case sqlite:
		return "SQLite"
	}
	return "Peer"
}

// columns are the titles of the table; the last two are text.
var columns = []string{"engine", "row", "per second", "p50 ms", "p95 ms", "p99 ms", "refused", "failed", "RSS MB", "CPU µs", "DB CPU µs", "DB commits", "WAL bytes", "limit per second", "limit CPU µs", "of limit", "limit", "target"}

func (r row) cells() []string {
	const none = "–"
	cells := []string{r.Engine, r.Name}
	if r.Requests > 0 {
		cells = append(cells, thousands(r.Rate))
	} else {
		cells = append(cells, none)
	}
	for _, ms := range []float64{r.P50, r.P95, r.P99} {
		cells = append(cells, orNone(ms, short(ms)))
	}
	if r.Requests > 0 {
		cells = append(cells, strconv.Itoa(r.Refused), strconv.Itoa(r.Failed))
	} else {
		cells = append(cells, none, none)
	}
	cells = append(cells, orNone(float64(r.Memory), fmt.Sprintf("%.0f", float64(r.Memory)/1e6)), orNone(r.CPU, thousands(r.CPU)))
	cells = append(cells, r.Database.cells()...)
	if r.Limit != nil {
		cells = append(cells, thousands(r.Limit.Rate), orNone(r.Limit.CPU, thousands(r.Limit.CPU)), fmt.Sprintf("%.0f %%", 100*r.ofLimit()), r.Limit.Name)
	} else {
		cells = append(cells, none, none, none, none)
	}
	var checks []string
	for _, c := range r.Checks {
		checks = append(checks, c.String())
	}
	if len(checks) == 0 {
		return append(cells, none)
	}
	return append(cells, strings.Join(checks, "; "))
}

func orNone(value float64, text string) string {
	if value == 0 {
		return "–"
	}
	return text
}

// short writes milliseconds with about three digits.
func short(ms float64) string {
	switch {
	case ms < 10:
		return fmt.Sprintf("%.2f", ms)
	case ms < 100:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}

// thousands writes a number with separators, and small ones with a decimal.
func thousands[N int | float64](n N) string {
	if n < 100 && N(int(n)) != n {
		return fmt.Sprintf("%.1f", float64(n))
	}
	digits := strconv.Itoa(int(float64(n) + 0.5))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// importReport counts the lines of an import and reports the errors in them.
type importReport struct {
	std      stdio
	json     bool
	dryRun   bool
	progress *progress

	created, skipped, failed int
}

func (r *importReport) lines() int { return r.created + r.skipped + r.failed }

// draw updates the progress bar.
func (r *importReport) draw(bytesRead int64) { r.progress.draw(bytesRead, r.lines()) }

// line counts a line by its result: nil, account.ErrRecordExists, or what is wrong with it, which is
// printed.
func (r *importReport) line(number int, result error) error {
	switch {
	case result == nil:
		r.created++
		return nil
	case errors.Is(result, account.ErrRecordExists):
		r.skipped++
		return nil
	}
	r.failed++
	r.progress.clear()
	if !r.json {
		_, err := fmt.Fprintf(r.std.err, "line %d: %s\n", number, printable(lineError(result)))
		return err
	}
	object := map[string]any{"line": number}
	var domain *fault.Error
	if errors.As(result, &domain) {
		object["code"], object["pointer"], object["reason"] = domain.Code, domain.Pointer, domain.Text
	}
	return json.NewEncoder(jsonWriter{r.std.err}).Encode(object)
}

// lineError returns the text of an error in a line: the field, if there is one, and what is wrong.
func lineError(err error) string {
	var domain *fault.Error
	if !errors.As(err, &domain) {
		return err.Error()
	}
	if domain.Pointer == "" {
		return domain.Text
	}
	return strings.TrimPrefix(domain.Pointer, "/") + ": " + domain.Text
}

// finish removes the progress bar and prints the totals. It returns an error if any line failed.
func (r *importReport) finish() error {
	r.progress.clear()
	if err := r.printTotals(); err != nil {
		return err
	}
	if r.failed > 0 {
		return fmt.Errorf("%d of %s failed", r.failed, count(r.lines(), "line"))
	}
	return nil
}

func (r *importReport) printTotals() error {
	if r.json {
		return json.NewEncoder(r.std.out).Encode(map[string]any{
			"created": r.created, "skipped": r.skipped, "failed": r.failed, "dry_run": r.dryRun,
		})
	}
	created := "created"
	if r.dryRun {
		created = "would be created"
	}
	_, err := fmt.Fprintf(r.std.out, "%d %s, %d skipped (already exist), %d failed\n", r.created, created, r.skipped, r.failed)
	return err
}

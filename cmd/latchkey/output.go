package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"
	"time"
)

// pageSize is how many rows a list reads from the database at a time.
const pageSize = 500

// listFormat has the flag of every command that lists things.
type listFormat struct {
	JSON bool `name:"json" help:"Write one JSON object per line, for scripts."`
}

// listView defines how a list of T is written.
type listView[T any] struct {
	header []any                  // of the table
	cells  func(T) []any          // a table row, as long as the header
	object func(T) map[string]any // the JSON object; nil if the list is only ever a table
}

// print writes the items to out, as a table or as JSON. After an error it writes the items before it.
func (v listView[T]) print(out io.Writer, format listFormat, items iter.Seq2[T, error]) error {
	if format.JSON {
		encoder := json.NewEncoder(jsonWriter{out})
		return forEach(items, func(item T) error { return encoder.Encode(v.object(item)) })
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	err := printRow(table, v.header)
	if err == nil {
		err = forEach(items, func(item T) error { return printRow(table, v.cells(item)) })
	}
	return errors.Join(err, table.Flush())
}

// printRow writes the cells of a row, separated by tabs.
func printRow(table io.Writer, cells []any) error {
	for i, cell := range cells {
		end := "\t"
		if i == len(cells)-1 {
			end = "\n"
		}
		if _, err := fmt.Fprint(table, printable(fmt.Sprint(cell)), end); err != nil {
			return err
		}
	}
	return nil
}

// forEach calls do with each item. It stops at the first error, of the sequence or of do.
func forEach[T any](items iter.Seq2[T, error], do func(T) error) error {
	for item, err := range items {
		if err == nil {
			err = do(item)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sequence returns the items one by one, or only the error.
func sequence[T any](items []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err != nil {
			yield(*new(T), err)
			return
		}
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// pages returns the items of all pages one by one. Next returns the next page, and false after the
// last one.
func pages[T any](next func() (page []T, more bool, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for more := true; more; {
			var page []T
			var err error
			page, more, err = next()
			for item, err := range sequence(page, err) {
				if !yield(item, err) || err != nil {
					return
				}
			}
		}
	}
}

// timestamp formats a time as RFC 3339 in UTC, and the zero time as a hyphen.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// orHyphen returns a text, and a hyphen for an empty one, so that every row of a table has all columns.
func orHyphen(text string) string { return cmp.Or(text, "-") }

// count formats a number of things, such as "1 migration" or "2 migrations".
func count(n int, singular string) string {
	if n == 1 {
		return "1 " + singular
	}
	return fmt.Sprintf("%d %ss", n, singular)
}

// joinOrAll formats a list that has no limit when it is empty.
func joinOrAll(items []string) string {
	if len(items) == 0 {
		return "all"
	}
	return strings.Join(items, " ")
}

// jsonArray returns a list that is an array in JSON even when it is nil.
func jsonArray(items []string) []string { return append([]string{}, items...) }

package account

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// exportFields are all members but the password, which is last.
var exportFields = recordFields[:len(recordFields)-1]

// RecordWriter writes records in a form that RecordReader reads back.
type RecordWriter struct {
	json *json.Encoder
	csv  *csv.Writer
}

// NewRecordWriter writes what comes before the first record.
func NewRecordWriter(w io.Writer, format Format) (*RecordWriter, error) {
	if format != CSV {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return &RecordWriter{json: encoder}, nil
	}
	writer := &RecordWriter{csv: csv.NewWriter(w)}
	writer.csv.UseCRLF = true // RFC 4180 §2.1
	var header []string
	for _, f := range exportFields {
		header = append(header, f.name)
	}
	return writer, writer.csv.Write(header)
}

// Write writes a record. CSV is buffered until Flush.
func (w *RecordWriter) Write(r Record) error {
	if w.json != nil {
		return w.json.Encode(r)
	}
	row := make([]string, len(exportFields))
	for i, f := range exportFields {
		row[i] = fieldText(f.place(&r))
	}
	return w.csv.Write(row)
}

// Flush writes out what is buffered.
func (w *RecordWriter) Flush() error {
	if w.csv == nil {
		return nil
	}
	w.csv.Flush()
	return w.csv.Error()
}

// fieldText writes what setText reads.
func fieldText(place any) string {
	switch p := place.(type) {
	case *string:
		return *p
	case *bool:
		return strconv.FormatBool(*p)
	case **bool:
		if *p == nil {
			return ""
		}
		return strconv.FormatBool(**p)
	case *[]string:
		return strings.Join(*p, " ")
	case *time.Time:
		if p.IsZero() {
			return ""
		}
		return p.Format(time.RFC3339)
	}
	panic(fmt.Sprintf("a record has no member of type %T", place)) // a fault of recordFields
}

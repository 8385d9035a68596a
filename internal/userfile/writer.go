package userfile

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// exportFields are all fields except the password, which is last.
var exportFields = fields[:len(fields)-1]

// Writer writes records in a form that Reader reads back.
type Writer struct {
	json *json.Encoder
	csv  *csv.Writer
}

// NewWriter returns a writer and writes what precedes the first record.
func NewWriter(w io.Writer, format Format) (*Writer, error) {
	if format != CSV {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return &Writer{json: encoder}, nil
	}
	writer := &Writer{csv: csv.NewWriter(w)}
	writer.csv.UseCRLF = true // RFC 4180 §2.1
	var header []string
	for _, f := range exportFields {
		header = append(header, f.name)
	}
	return writer, writer.csv.Write(header)
}

// Write writes a record. CSV is buffered until Flush.
func (w *Writer) Write(r account.Record) error {
	if w.json != nil {
		return w.json.Encode(r)
	}
	row := make([]string, len(exportFields))
	for i, f := range exportFields {
		row[i] = fieldText(f.value(&r))
	}
	return w.csv.Write(row)
}

// Flush writes any buffered records.
func (w *Writer) Flush() error {
	if w.csv == nil {
		return nil
	}
	w.csv.Flush()
	return w.csv.Error()
}

// fieldText is the inverse of setText.
func fieldText(value any) string {
	switch p := value.(type) {
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
	panic(fmt.Sprintf("a record has no field of type %T", value)) // fields is wrong
}

package userfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// readHeader returns the columns of a CSV file.
func readHeader(line []byte) ([]field, error) {
	names, err := csvFields(line)
	if err != nil {
		return nil, err
	}
	columns := make([]field, len(names))
	for i, name := range names {
		if columns[i], err = fieldNamed(name); err != nil {
			return nil, err
		}
		if slices.Contains(names[:i], name) {
			return nil, invalidField(name, "duplicate column")
		}
	}
	for _, name := range []string{"username", "email"} {
		if !slices.Contains(names, name) {
			return nil, invalidField(name, "missing column")
		}
	}
	return columns, nil
}

// csvFields splits one CSV record. Input that parses as two records is rejected.
func csvFields(line []byte) ([]string, error) {
	reader := csv.NewReader(bytes.NewReader(line))
	fields, err := reader.Read()
	if err == nil {
		if _, more := reader.Read(); !errors.Is(more, io.EOF) {
			err = csv.ErrQuote
		}
	}
	if err != nil {
		return nil, fault.Errorf(fault.InvalidRequest, "not valid CSV (RFC 4180)").Wrap(err)
	}
	return fields, nil
}

// recordFromCSV parses a record. An empty field is missing, except for roles: then there are none.
func recordFromCSV(columns []field, line []byte) (account.Record, error) {
	fields, err := csvFields(line)
	if err != nil {
		return account.Record{}, err
	}
	if len(fields) != len(columns) {
		return account.Record{}, fault.Errorf(fault.InvalidRequest, "the line has %d fields, but the header has %d", len(fields), len(columns))
	}
	var r account.Record
	for i, column := range columns {
		if !setText(column.value(&r), fields[i]) {
			return account.Record{}, column.wrongType()
		}
	}
	return r, nil
}

// setText parses the text of a CSV field into value and reports whether it has the right type.
func setText(value any, text string) bool {
	if p, ok := value.(*[]string); ok {
		*p = append([]string{}, strings.Fields(text)...)
		return true
	}
	if text == "" {
		return true
	}
	var err error
	switch p := value.(type) {
	case *string:
		*p = text
	case *bool:
		*p, err = strconv.ParseBool(text)
	case **bool:
		*p = new(bool)
		**p, err = strconv.ParseBool(text)
	case *time.Time:
		*p, err = time.Parse(time.RFC3339, text)
	}
	return err == nil
}

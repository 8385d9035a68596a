package account

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Format is how records are written down.
type Format string

// The formats: a JSON object a line, also those of a Keycloak export; and RFC 4180 with a header
// that names the columns, roles separated by spaces.
const (
	NDJSON Format = "ndjson"
	CSV    Format = "csv"
)

// RecordReader reads records one by one, in bounded memory.
type RecordReader struct {
	lines *lines
	parse func(line []byte) (Record, error)
}

// NewRecordReader reads what comes before the first record. A header that names no known columns is
// an error: nothing after it could be understood.
func NewRecordReader(r io.Reader, format Format) (*RecordReader, error) {
	if format != CSV {
		return &RecordReader{lines: newLines(r, false), parse: recordFromJSON}, nil
	}
	reader := &RecordReader{lines: newLines(r, true)}
	header, _, err := reader.lines.next()
	if errors.Is(err, io.EOF) {
		err = Errorf(InvalidRequest, "there is no header")
	}
	if err != nil {
		return nil, err
	}
	columns, err := readHeader(header)
	if err != nil {
		return nil, err
	}
	reader.parse = func(line []byte) (Record, error) { return recordFromCSV(columns, line) }
	return reader, nil
}

// Next gives the next record and the number of its line, or io.EOF. An Error is about that line
// alone, and the next one can be read; any other error is the end.
func (r *RecordReader) Next() (Record, int, error) {
	for {
		line, number, err := r.lines.next()
		if err != nil {
			return Record{}, number, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if !utf8.Valid(line) {
			return Record{}, number, Errorf(InvalidRequest, "the line is not UTF-8")
		}
		record, err := r.parse(line)
		return record, number, err
	}
}

// readHeader finds the columns of a CSV file.
func readHeader(line []byte) ([]recordField, error) {
	names, err := csvFields(line)
	if err != nil {
		return nil, err
	}
	columns := make([]recordField, len(names))
	for i, name := range names {
		if columns[i], err = fieldNamed(name); err != nil {
			return nil, err
		}
		if slices.Contains(names[:i], name) {
			return nil, recordFault(name, "the column is there twice")
		}
	}
	for _, name := range []string{"username", "email"} {
		if !slices.Contains(names, name) {
			return nil, recordFault(name, "the header does not name this column")
		}
	}
	return columns, nil
}

// csvFields splits one record of CSV. What the reader takes for two is none.
func csvFields(line []byte) ([]string, error) {
	reader := csv.NewReader(bytes.NewReader(line))
	fields, err := reader.Read()
	if err == nil {
		if _, more := reader.Read(); !errors.Is(more, io.EOF) {
			err = csv.ErrQuote
		}
	}
	if err != nil {
		return nil, Errorf(InvalidRequest, "this is not CSV as in RFC 4180").Wrap(err)
	}
	return fields, nil
}

// recordFromCSV reads a record. An empty field is a missing one, but for roles, which has none then.
func recordFromCSV(columns []recordField, line []byte) (Record, error) {
	fields, err := csvFields(line)
	if err != nil {
		return Record{}, err
	}
	if len(fields) != len(columns) {
		return Record{}, Errorf(InvalidRequest, "the line has %d fields, the header %d", len(fields), len(columns))
	}
	var r Record
	for i, column := range columns {
		if !setText(column.place(&r), fields[i]) {
			return Record{}, column.wrongType()
		}
	}
	return r, nil
}

// setText puts a field of CSV in its place, and says whether it has the right type.
func setText(place any, text string) bool {
	if p, ok := place.(*[]string); ok {
		*p = append([]string{}, strings.Fields(text)...)
		return true
	}
	if text == "" {
		return true
	}
	var err error
	switch p := place.(type) {
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

// recordFromJSON reads a record. Names of members are exact, and none may stand there twice: which
// one counts would be an accident. A null is a missing member.
func recordFromJSON(line []byte) (Record, error) {
	members, err := jsonMembers(line)
	if err != nil {
		return Record{}, err
	}
	if slices.ContainsFunc(members, fromKeycloak) {
		return recordFromKeycloak(line)
	}
	var r Record
	for _, m := range members {
		field, err := fieldNamed(m.name)
		if err != nil {
			return Record{}, err
		}
		if err := json.Unmarshal(m.value, field.place(&r)); err != nil {
			return Record{}, field.wrongType()
		}
	}
	return r, nil
}

// jsonMember is a member of an object that is not looked into yet.
type jsonMember struct {
	name  string
	value json.RawMessage
}

// jsonMembers takes one JSON object apart.
func jsonMembers(line []byte) ([]jsonMember, error) {
	fault := Errorf(InvalidRequest, "the line is not a JSON object")
	if !json.Valid(line) {
		return nil, fault
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, fault
	}
	var members []jsonMember
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, fault
		}
		if seen[name] {
			return nil, recordFault(name, "the member is there twice")
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fault
		}
		members = append(members, jsonMember{name, value})
	}
	return members, nil
}

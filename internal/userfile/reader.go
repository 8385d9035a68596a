package userfile

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// Format is a file format.
type Format string

// The formats: one JSON object per line, including users of a Keycloak export; CSV (RFC 4180) with a
// header that names the columns, roles separated by spaces; and what mongoexport writes of the users of
// two FastAPI systems, which can only be read.
const (
	NDJSON       Format = "ndjson"
	CSV          Format = "csv"
	CodevoWeb    Format = "codevoweb"
	FastAPIUsers Format = "fastapi-users"
)

// recordParsers are the parsers of the formats without a header.
var recordParsers = map[Format]func(line []byte) (account.Record, error){
	NDJSON:       recordFromJSON,
	CodevoWeb:    recordFromCodevoWeb,
	FastAPIUsers: recordFromFastAPIUsers,
}

// Reader reads records one by one, in bounded memory.
type Reader struct {
	lines *lines
	parse func(line []byte) (account.Record, error)
}

// NewReader returns a reader and reads what precedes the first record. A header with an unknown column
// is an error.
func NewReader(r io.Reader, format Format) (*Reader, error) {
	if parse := recordParsers[format]; parse != nil {
		return &Reader{lines: newLines(r, false), parse: parse}, nil
	}
	reader := &Reader{lines: newLines(r, true)}
	header, _, err := reader.lines.next()
	if errors.Is(err, io.EOF) {
		err = fault.Errorf(fault.InvalidRequest, "the file has no header")
	}
	if err != nil {
		return nil, err
	}
	columns, err := readHeader(header)
	if err != nil {
		return nil, err
	}
	reader.parse = func(line []byte) (account.Record, error) { return recordFromCSV(columns, line) }
	return reader, nil
}

// Line is a line of a file: its record, or the error in it.
type Line struct {
	Number int
	Record account.Record
	Err    error // a fault.Error; nil: the record is well formed
}

// Batch returns up to limit lines. It returns io.EOF, or the error of the file, together with the lines
// before it.
func (r *Reader) Batch(limit int) ([]Line, error) {
	batch := make([]Line, 0, limit)
	for len(batch) < limit {
		record, number, err := r.Next()
		if err != nil && !errors.As(err, new(*fault.Error)) {
			return batch, err
		}
		batch = append(batch, Line{number, record, err})
	}
	return batch, nil
}

// Settle passes the records of the lines without an error to store, which returns an error or nil for each of them,
// and sets it in the line. On an error of store itself the lines stay as they are.
func Settle(lines []Line, store func([]account.Record) ([]error, error)) error {
	var records []account.Record
	var places []int // of the records in lines
	for i, line := range lines {
		if line.Err == nil {
			records, places = append(records, line.Record), append(places, i)
		}
	}
	results, err := store(records)
	if err != nil {
		return err
	}
	for i, result := range results {
		lines[places[i]].Err = result
	}
	return nil
}

// Next returns the next record and its line number, or io.EOF. After a fault.Error, which is about that
// line only, the next record can be read; any other error is final.
func (r *Reader) Next() (account.Record, int, error) {
	for {
		line, number, err := r.lines.next()
		if err != nil {
			return account.Record{}, number, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if !utf8.Valid(line) {
			return account.Record{}, number, fault.Errorf(fault.InvalidRequest, "the line is not valid UTF-8")
		}
		record, err := r.parse(line)
		return record, number, err
	}
}

package userfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/latchkey-auth/latchkey/internal/fault"
)

// maxLine is the longest line in bytes.
const maxLine = 64 << 10

var errLineTooLong = fault.Errorf(fault.InvalidRequest, "the line is longer than %d bytes, or a quote is not closed", maxLine)

// lines splits a file into lines without their ends. With quotes, a line end between two of them belongs
// to the field (RFC 4180 §2.6). Otherwise a name chosen by a user of the other system could inject a
// record.
type lines struct {
	in     *bufio.Reader
	quotes bool
	read   int // line ends so far
	buf    []byte
}

func newLines(r io.Reader, quotes bool) *lines {
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(len(mark)) // skip the byte order mark
	}
	return &lines{in: in, quotes: quotes}
}

// next returns a line, valid until the next call, and its number. A line that is too long is skipped and
// reported as errLineTooLong; the next call continues after it.
func (l *lines) next() (line []byte, number int, err error) {
	number = l.read + 1
	l.buf = l.buf[:0]
	size, open := 0, false
	for {
		part, err := l.in.ReadSlice('\n')
		size += len(part)
		if size <= maxLine+len("\r\n") {
			l.buf = append(l.buf, part...)
		}
		if l.quotes && bytes.Count(part, []byte(`"`))%2 == 1 {
			open = !open
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && size == 0:
			return nil, number, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, number, err
		}
		l.read++
		if err == nil && open {
			continue
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(l.buf, []byte("\n")), []byte("\r"))
		if size > maxLine+len("\r\n") || len(line) > maxLine {
			return nil, number, errLineTooLong
		}
		return line, number, nil
	}
}

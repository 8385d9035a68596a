package main

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// printable returns text with every character that is not printable escaped as in Go: a name or an
// address that someone else chose must not control the operator's terminal, break a table, or reorder
// the text around it.
func printable(text string) string {
	if isPrintable(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if unicode.IsPrint(r) && (r != utf8.RuneError || size > 1) {
			_, _ = b.WriteRune(r)
		} else {
			quoted := strconv.Quote(text[:size])
			_, _ = b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}

func isPrintable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// printableLines is printable for each line of a text.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

// jsonWriter escapes characters of JSON that are not printable and that encoding/json leaves as they
// are: a terminal obeys U+009B as it obeys ESC. The JSON means the same. Each Write must have whole
// lines.
type jsonWriter struct{ out io.Writer }

func (w jsonWriter) Write(line []byte) (int, error) {
	escaped := make([]byte, 0, len(line))
	for rest := line; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == '\n' || unicode.IsPrint(r) {
			escaped = append(escaped, rest[:size]...)
		} else {
			escaped = appendJSONEscape(escaped, r)
		}
		rest = rest[size:]
	}
	if _, err := w.out.Write(escaped); err != nil {
		return 0, err
	}
	return len(line), nil
}

// appendJSONEscape appends the escape of a character (RFC 8259 §7).
func appendJSONEscape(b []byte, r rune) []byte {
	units := []rune{r}
	if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
		units = []rune{high, low}
	}
	for _, unit := range units {
		digits := strconv.FormatInt(int64(unit)+0x10000, 16)
		b = append(append(b, `\u`...), digits[1:]...)
	}
	return b
}

package store

import "strings"

// CleanText replaces invalid UTF-8 and NUL by U+FFFD. PostgreSQL stores neither, and text from outside
// must not prevent an event or an error from being recorded.
func CleanText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

package sqlite

import (
	"net/url"
	"path/filepath"
)

// The settings of every connection. The driver ignores names and values that it does not know, so a
// test reads them back.
var (
	writerSettings = url.Values{
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"}, // a committed sign-up survives a power failure
		"_foreign_keys": {"on"},
		"_busy_timeout": {"5000"},
		"_txlock":       {"immediate"}, // BEGIN waits for the write lock, so later statements cannot fail for it
		"_dqs":          {"false"},     // a misspelt column is an error, not a text
		"_defensive":    {"true"},
		// Copy changes from the log into the main file when they have 16 MB, not 4 MB: in a large database each commit
		// changes other pages, and whoever commits when it is time waits for all of them.
		"_pragma": {"wal_autocheckpoint(4000)"},
	}
	readerSettings = url.Values{
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
		"_busy_timeout": {"5000"},
		"_query_only":   {"on"},
		"_dqs":          {"false"},
		"_defensive":    {"true"},
	}
	lockFileSettings = url.Values{"_txlock": {"exclusive"}, "_busy_timeout": {"100"}}
)

// dsn returns a file: URI, in which no character of the path can be read as a setting.
func dsn(path string, settings url.Values) string {
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: settings.Encode()}).String()
}

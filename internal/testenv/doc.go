//go:build unix

// Testenv runs a command, usually go test, on a machine that may have nothing but Go. It finds a
// PostgreSQL server, a Chromium and, for the race detector, a C compiler; what is missing it starts
// or installs without a question; and it tells the command where they are by TEST_DATABASE_URL
// and CHROMIUM. Whatever it started it stops, however the command ends.
//
// It owns the search and the throw-away servers. It leaves databases and schemas to the tests, and
// never skips: where no way leads to something, it fails and says what a person should run.
package main

// Package migrations holds the database schema: for each engine a list of migrations, with the same
// version numbers in postgres/ and sqlite/. They are embedded, so the program needs no other files.
//
// It leaves running them to the stores.
package migrations

import (
	"embed"
	"io/fs"
	"time"
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// The migrations of each engine, as files for goose.
var (
	Postgres = sub("postgres")
	SQLite   = sub("sqlite")
)

// Status is the state of one migration.
type Status struct {
	Version   int64
	Name      string    // of the file
	AppliedAt time.Time // zero if the migration is pending
}

// sub returns a directory of files. It panics only if the embed pattern does not contain the directory.
func sub(dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err)
	}
	return sub
}

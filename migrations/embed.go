// Package migrations holds the database schema: for each engine a list of migrations, with the same
// version numbers in postgres/ and sqlite/. They are embedded, so the program needs no other files.
//
// It leaves running them to the stores.
package migrations

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
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

// Compatibility says which programs may run on a schema. A program is known by the version of its newest
// migration.
type Compatibility struct {
	Schema  int64 // the version of the schema; 0 if it is empty
	Oldest  int64 // the version that a program must know to run on the schema
	Program int64 // the version that this program knows
}

// Check returns an error unless this program may run on the schema. It may migrate an older one.
func (c Compatibility) Check() error {
	if c.Program < c.Oldest {
		return fmt.Errorf("the schema has version %d, which is for programs that know version %d or later, but this program only knows version %d: run a newer program",
			c.Schema, c.Oldest, c.Program)
	}
	return nil
}

var admits = regexp.MustCompile(`(?m)^-- Admits: ([0-9]+)$`)

// Admits returns the oldest version that a program must know to run on the schema that the migration makes.
// The migration states it in a line such as "-- Admits: 6". One that does not admits no older program.
func Admits(files fs.FS, name string, version int64) (int64, error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return 0, err
	}
	stated := admits.FindSubmatch(text)
	if stated == nil {
		return version, nil
	}
	return strconv.ParseInt(string(stated[1]), 10, 64)
}

// sub returns a directory of files. It panics only if the embed pattern does not contain the directory.
func sub(dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err)
	}
	return sub
}

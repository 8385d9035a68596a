// Package migrations owns the database schema: one list of steps per engine, with equal version
// numbers, embedded so that the program carries its own schema.
//
// It leaves running them to the stores, which know their engine's lock.
package migrations

import (
	"embed"
	"io/fs"
	"time"
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// The steps of each engine, as goose reads them.
var (
	Postgres = sub("postgres")
	SQLite   = sub("sqlite")
)

// Status says whether one step has been applied.
type Status struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero: pending
}

// sub panics only when the embed pattern above and its argument disagree.
func sub(dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err)
	}
	return sub
}

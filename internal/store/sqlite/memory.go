package sqlite

import (
	"errors"

	"github.com/latchkey-auth/latchkey/internal/store/snapshot"
)

// fileVersion is the header of the WAL index. It is another one after each commit.
type fileVersion [12]uint32

var errNoVersion = errors.New("the WAL index does not tell the version")

// remembered returns the row with an id. It calls query if the row is not known, and remembers the result. What
// was read after the file had a version may be newer, but never older: then the file has another version by now.
func remembered[R snapshot.Row[R]](rows *snapshot.Rows[fileVersion, R], index *walIndex, id string, query func() (R, error)) (R, error) {
	version, err := index.version()
	if err != nil {
		return query()
	}
	if row, ok := rows.Find(version, id); ok {
		return row, nil
	}
	row, err := query()
	if err == nil {
		rows.Add(version, id, row)
	}
	return row, err
}

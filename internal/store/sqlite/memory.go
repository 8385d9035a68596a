package sqlite

import (
	"context"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/store/snapshot"
)

// fileVersion is the header of the WAL index. It is another one after each commit that writes a page.
type fileVersion [12]uint32

var errNoVersion = errors.New("the WAL index does not tell the version")

// remembered returns the row with an id. It calls query if the row is not known, and remembers the result.
//
// A row is of the version that the file has both before and after the query. If it changes after that, the row is either among
// those that Move goes through, or of a version that Add does not remember any more.
func remembered[R snapshot.Row[R]](rows *snapshot.Rows[fileVersion, R], index *walIndex, id string, query func() (R, error)) (R, error) {
	version, err := index.version()
	if err != nil {
		return query()
	}
	if row, ok := rows.Find(version, id); ok {
		return row, nil
	}
	row, err := query()
	if now, versionErr := index.version(); err == nil && versionErr == nil && now == version {
		rows.Add(version, id, row)
	}
	return row, err
}

// commit runs the commit of a transaction of this store, and keeps what is remembered and was not changed by it.
func (s *Store) commit(ctx context.Context, commit func() error) error {
	before, err := s.index.version() // nobody else commits between the beginning of the transaction and its commit
	if err != nil {
		return commit()
	}
	s.sessions.Hold()
	s.clients.Hold()
	s.users.Hold()
	defer s.sessions.Release()
	defer s.clients.Release()
	defer s.users.Release()
	if err := commit(); err != nil {
		return err
	}
	if after, err := s.index.version(); err == nil && s.onlyWriter(ctx) {
		s.sessions.Move(before, after, s.changes.sessions)
		s.clients.Move(before, after, s.changes.clients)
		s.users.Move(before, after, s.changes.users)
	}
	return nil
}

// onlyWriter reports whether no other connection has committed anything since it was asked last, after the commit before.
// Counting commits in the WAL index is not enough: SQLite writes nothing, and counts nothing, if the rows of a
// commit are as before.
func (s *Store) onlyWriter(ctx context.Context) bool {
	now, err := queryOne(ctx, s.writeStatements, scanValue[int64], `PRAGMA data_version`)
	return s.dataVersion.Swap(now) == now && err == nil
}

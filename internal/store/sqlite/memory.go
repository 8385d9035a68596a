package sqlite

import (
	"database/sql"
	"errors"

	"github.com/latchkey-auth/latchkey/internal/store/snapshot"
)

// fileVersion is the header of the WAL index. It is another one after each commit.
type fileVersion [12]uint32

// commits is the number of commits, modulo 2^32 (iChange in https://sqlite.org/walformat.html §2.1).
func (v fileVersion) commits() uint32 { return v[2] }

var errNoVersion = errors.New("the WAL index does not tell the version")

// remembered returns the row with an id. It calls query if the row is not known, and remembers the result.
//
// What was read after the file had a version may be newer, but only by what has been committed before the row is
// remembered: commit then treats it as a row of the former version, and forgets it if the commit has changed it.
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

// commit commits a transaction of this store, and keeps what is remembered and was not changed by it.
//
// From the beginning of the transaction to the commit nobody else can commit. So if the number of commits has grown by one,
// the version after it is that of this transaction, or one with the same rows.
func (s *Store) commit(tx *sql.Tx) error {
	before, err := s.index.version()
	if err != nil {
		return tx.Commit()
	}
	changed := s.changes
	s.sessions.Hold()
	s.clients.Hold()
	defer s.sessions.Release()
	defer s.clients.Release()
	if err := tx.Commit(); err != nil {
		return err
	}
	if after, err := s.index.version(); err == nil && after.commits() == before.commits()+1 {
		s.sessions.Move(before, after, changed.sessions)
		s.clients.Move(before, after, changed.clients)
	}
	return nil
}

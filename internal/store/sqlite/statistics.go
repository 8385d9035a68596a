package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-auth/latchkey/internal/statistics"
)

const addCounts = `
	INSERT INTO statistics (hour, sign_ins, failures, refreshes, refused) VALUES (?, ?, ?, ?, ?)
	ON CONFLICT (hour) DO UPDATE SET sign_ins = sign_ins + excluded.sign_ins, failures = failures + excluded.failures,
		refreshes = refreshes + excluded.refreshes, refused = refused + excluded.refused`

// AddCounts implements statistics.Store.
func (s *Store) AddCounts(ctx context.Context, hour time.Time, c statistics.Counts) error {
	_, err := s.exec(ctx, addCounts, storedTime(hour), c.SignIns, c.Failures, c.Refreshes, c.Refused)
	return err
}

const putLevels = `
	INSERT INTO statistics (hour, sessions, users) VALUES (?, ?, ?)
	ON CONFLICT (hour) DO UPDATE SET sessions = excluded.sessions, users = excluded.users`

// PutLevels implements statistics.Store.
func (s *Store) PutLevels(ctx context.Context, hour time.Time, l statistics.Levels) error {
	_, err := s.exec(ctx, putLevels, storedTime(hour), l.Sessions, l.Users)
	return err
}

const listHours = `SELECT hour, sign_ins, failures, refreshes, refused, sessions, users FROM statistics WHERE hour >= ? ORDER BY hour`

func scanHour(r row) (statistics.Hour, error) {
	var h statistics.Hour
	var at int64
	var sessions, users sql.NullInt64
	err := r.Scan(&at, &h.SignIns, &h.Failures, &h.Refreshes, &h.Refused, &sessions, &users)
	if h.At = utc(at); sessions.Valid {
		h.Levels = &statistics.Levels{Sessions: sessions.Int64, Users: users.Int64}
	}
	return h, err
}

// Hours implements statistics.Store.
func (s *Store) Hours(ctx context.Context, from time.Time) ([]statistics.Hour, error) {
	return queryAll(ctx, s.reads, scanHour, listHours, storedTime(from))
}

// The live sessions are one range of the index sessions_ended.
const countLevels = `SELECT (SELECT count(*) FROM sessions WHERE ` + sessionEnd + ` > ?), (SELECT count(*) FROM users)`

// CountLevels implements statistics.Store.
func (s *Store) CountLevels(ctx context.Context, now time.Time) (statistics.Levels, error) {
	return queryOne(ctx, s.reader, func(r row) (l statistics.Levels, err error) {
		err = r.Scan(&l.Sessions, &l.Users)
		return l, err
	}, countLevels, storedTime(now))
}

var purgeHours = purge("statistics", "hour", "hour")

// PurgeHours implements statistics.Store.
func (s *Store) PurgeHours(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeHours, storedTime(before), max(limit, 0))
}

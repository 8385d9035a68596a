package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/statistics"
)

const addCounts = `
	INSERT INTO statistics AS s (hour, sign_ins, failures, refreshes, refused) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (hour) DO UPDATE SET sign_ins = s.sign_ins + excluded.sign_ins, failures = s.failures + excluded.failures,
		refreshes = s.refreshes + excluded.refreshes, refused = s.refused + excluded.refused`

// AddCounts implements statistics.Store.
func (s *Store) AddCounts(ctx context.Context, hour time.Time, c statistics.Counts) error {
	return s.execOne(ctx, addCounts, storedTime(hour), c.SignIns, c.Failures, c.Refreshes, c.Refused)
}

const putLevels = `
	INSERT INTO statistics (hour, sessions, users) VALUES ($1, $2, $3)
	ON CONFLICT (hour) DO UPDATE SET sessions = excluded.sessions, users = excluded.users`

// PutLevels implements statistics.Store.
func (s *Store) PutLevels(ctx context.Context, hour time.Time, l statistics.Levels) error {
	return s.execOne(ctx, putLevels, storedTime(hour), l.Sessions, l.Users)
}

const listHours = `SELECT hour, sign_ins, failures, refreshes, refused, sessions, users FROM statistics WHERE hour >= $1 ORDER BY hour`

func scanHour(row pgx.CollectableRow) (statistics.Hour, error) {
	var h statistics.Hour
	var sessions, users *int64
	err := row.Scan(&h.At, &h.SignIns, &h.Failures, &h.Refreshes, &h.Refused, &sessions, &users)
	if h.At = h.At.UTC(); sessions != nil && users != nil {
		h.Levels = &statistics.Levels{Sessions: *sessions, Users: *users}
	}
	return h, err
}

// Hours implements statistics.Store.
func (s *Store) Hours(ctx context.Context, from time.Time) ([]statistics.Hour, error) {
	return queryAll(ctx, s, scanHour, listHours, storedTime(from))
}

// Nearly all stored sessions are live.
const countLevels = `SELECT (SELECT count(*) FROM sessions WHERE ` + sessionEnd + ` > $1), (SELECT count(*) FROM users)`

// CountLevels implements statistics.Store.
func (s *Store) CountLevels(ctx context.Context, now time.Time) (statistics.Levels, error) {
	return queryOne(ctx, s, func(row pgx.CollectableRow) (l statistics.Levels, err error) {
		err = row.Scan(&l.Sessions, &l.Users)
		return l, err
	}, countLevels, storedTime(now))
}

var purgeHours = purge("statistics", "hour", "hour")

// PurgeHours implements statistics.Store.
func (s *Store) PurgeHours(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeHours, storedTime(before), max(limit, 0))
}

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// sessionColumns are the columns of the sessions row s that scanSession reads.
const sessionColumns = `s.id::text, s.family_id, COALESCE(s.user_id::text, ''), s.user_epoch, s.client_id, s.scopes,
	s.counter, s.rotated_at, s.repeats, s.address, s.user_agent, s.created_at, s.last_used_at, s.idle_until, s.absolute_until,
	s.revoked_at, COALESCE(s.revoked_reason, ''), ` + store.EndedWithClient

func scanSession(row pgx.CollectableRow) (oauth.Session, error) {
	var s sessionRow
	err := row.Scan(s.columns()...)
	return s.value(), err
}

// sessionRow is where the columns of a session are scanned to.
type sessionRow struct {
	session oauth.Session
	revoked *time.Time

	endedWithClient *time.Time
}

func (r *sessionRow) columns() []any {
	s := &r.session
	return []any{
		&s.ID, &s.FamilyID, &s.UserID, &s.UserEpoch, &s.ClientID, &s.Scopes,
		&s.Counter, &s.RotatedAt, &s.Repeats, &s.Address, &s.UserAgent, &s.CreatedAt, &s.LastUsedAt, &s.IdleUntil, &s.AbsoluteUntil,
		&r.revoked, &s.RevokedReason, &r.endedWithClient,
	}
}

func (r *sessionRow) value() oauth.Session {
	s := r.session
	for _, t := range []*time.Time{&s.RotatedAt, &s.CreatedAt, &s.LastUsedAt, &s.IdleUntil, &s.AbsoluteUntil} {
		*t = t.UTC()
	}
	s.RevokedAt = utcOrZero(r.revoked)
	if r.revoked == nil && r.endedWithClient != nil {
		s.RevokedAt, s.RevokedReason = r.endedWithClient.UTC(), oauth.EndedByClient
	}
	return s
}

// sessionLive is the condition that the sessions row s has not ended at a time.
func sessionLive(now string) string {
	return `s.revoked_at IS NULL AND ` + now + ` < s.idle_until AND ` + now + ` < s.absolute_until
		AND NOT EXISTS (SELECT FROM ended_clients e WHERE ` + store.EndsWithClient + `)`
}

// lockUser serializes the sign-ins and the changes of a user. Each of them is a transaction that locks
// the row of the user first, so its later statements see the results of the transaction before it.
const lockUser = `SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`

// lockSessions locks sessions in the order of their ids, so that two changes of the same sessions cannot
// deadlock.
const lockSessions = `SELECT FROM sessions WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id FOR NO KEY UPDATE`

// surplus does not see the row that changed has just inserted, so its offset is MaxSessions-1.
var createSession = withRecord(`changed AS (
		INSERT INTO sessions (created_at, id, family_id, user_id, user_epoch, client_id, scopes, counter, rotated_at, repeats,
			address, user_agent, last_used_at, idle_until, absolute_until, revoked_at, revoked_reason)
		SELECT $3::timestamptz, $4::uuid, $5::bytea, $6::uuid, $7::bigint, $8, $9::text[], $10::bigint, $11::timestamptz, $12::bigint,
			$13, $14, $15::timestamptz, $16::timestamptz, $17::timestamptz, $18::timestamptz, NULLIF($19, '')
		WHERE $6::uuid IS NULL OR EXISTS (SELECT FROM users u WHERE u.id = $6 AND u.epoch = $7 AND `+store.UserActive("$3")+`)
		RETURNING user_id),
	surplus AS (
		SELECT s.id FROM sessions s JOIN changed ON changed.user_id = s.user_id WHERE `+sessionLive("$3")+`
		ORDER BY s.last_used_at DESC, s.created_at DESC, s.id OFFSET $20),
	ended AS (
		UPDATE sessions s SET revoked_at = $3, revoked_reason = $21 FROM surplus WHERE s.id = surplus.id AND s.revoked_at IS NULL)`,
	`SELECT FROM changed`)

// CreateSession implements oauth.SessionStore. A user waits for it, so the lock and the change are one
// round trip.
func (s *Store) CreateSession(ctx context.Context, session oauth.Session, change audit.Change) error {
	if session.UserID != "" && !isUUID(session.UserID) {
		return fault.ErrNotFound
	}
	userID := uuidOrNull(session.UserID)
	batch := &pgx.Batch{}
	batch.Queue(lockUser, userID)
	batch.Queue(createSession, recordArgs(change, storedTime(session.CreatedAt), session.ID, session.FamilyID, userID, session.UserEpoch,
		session.ClientID, nonNil(session.Scopes), session.Counter, storedTime(session.RotatedAt), session.Repeats,
		session.Address, session.UserAgent, storedTime(session.LastUsedAt), storedTime(session.IdleUntil),
		storedTime(session.AbsoluteUntil), storedTimeOrNull(session.RevokedAt), session.RevokedReason,
		oauth.MaxSessions-1, oauth.EndedByNumber)...)
	return requireRows(s.execBatch(ctx, batch, 1))
}

const repeatRotation = `UPDATE sessions SET repeats = repeats + 1 WHERE family_id = $1 AND counter = $2 AND revoked_at IS NULL`

// RepeatRotation implements oauth.SessionStore.
func (s *Store) RepeatRotation(ctx context.Context, family []byte, counter int64) error {
	return s.execOne(ctx, repeatRotation, family, counter)
}

// A revoked session keeps its first reason.
var revokeSession = withRecord(`changed AS (
		UPDATE sessions SET revoked_at = $3, revoked_reason = $4
		WHERE id = $5 AND ($6::uuid IS NULL OR user_id = $6) AND revoked_at IS NULL RETURNING id)`,
	`SELECT FROM sessions WHERE id = $5 AND ($6::uuid IS NULL OR user_id = $6)`)

// RevokeSession implements oauth.SessionStore.
func (s *Store) RevokeSession(ctx context.Context, id, userID, reason string, now time.Time, change audit.Change) error {
	if !isUUID(id) || userID != "" && !isUUID(userID) {
		return fault.ErrNotFound
	}
	return s.execOne(ctx, revokeSession, recordArgs(change, storedTime(now), reason, id, uuidOrNull(userID))...)
}

var revokeSessions = withRecord(`changed AS (
		UPDATE sessions s SET revoked_at = $3, revoked_reason = $4
		WHERE s.user_id = $5 AND s.id IS DISTINCT FROM $6::uuid AND `+sessionLive("$3")+` RETURNING s.id)`,
	`SELECT FROM changed`)

// RevokeSessions implements oauth.SessionStore.
func (s *Store) RevokeSessions(ctx context.Context, userID, except, reason string, now time.Time, change audit.Change) (int, error) {
	user := uuidOrNull(userID)
	batch := &pgx.Batch{}
	batch.Queue(lockSessions, user)
	batch.Queue(revokeSessions, recordArgs(change, storedTime(now), reason, user, uuidOrNull(except))...)
	return s.execBatch(ctx, batch, 1)
}

var userSessions = `
	SELECT ` + sessionColumns + ` FROM sessions s JOIN users u ON u.id = s.user_id
	WHERE u.id = $2 AND ` + store.UserActive("$1") + ` AND u.epoch = s.user_epoch AND ` + sessionLive("$1") + `
	ORDER BY s.last_used_at DESC, s.created_at DESC, s.id`

// UserSessions implements oauth.SessionStore.
func (s *Store) UserSessions(ctx context.Context, userID string, now time.Time) ([]oauth.Session, error) {
	return queryAll(ctx, s, scanSession, userSessions, storedTime(now), uuidOrNull(userID))
}

const (
	sessionEnd = `LEAST(idle_until, absolute_until, revoked_at)`
	// utcDay is the day of $1, as the column ends_on has that of sessionEnd.
	utcDay = `($1::timestamptz AT TIME ZONE 'UTC')::date`
)

// purgeSessions is like purge, by the day for which there is an index.
const purgeSessions = `
	DELETE FROM sessions WHERE id = ANY(ARRAY(
		SELECT id FROM sessions WHERE ends_on <= ` + utcDay + ` AND ` + sessionEnd + ` < $1
		ORDER BY ends_on LIMIT $2 FOR UPDATE SKIP LOCKED))`

// PurgeSessions implements oauth.SessionStore.
func (s *Store) PurgeSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeSessions, storedTime(before), max(limit, 0))
}

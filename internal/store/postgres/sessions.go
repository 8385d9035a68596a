package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// sessionColumns are what scanSession reads, of a sessions row called s.
const sessionColumns = `s.id::text, s.family_id, COALESCE(s.user_id::text, ''), s.user_epoch, s.client_id, s.scopes,
	s.counter, s.rotated_at, s.repeats, s.address, s.user_agent, s.created_at, s.last_used_at, s.idle_until, s.absolute_until,
	s.revoked_at, COALESCE(s.revoked_reason, '')`

func scanSession(row pgx.CollectableRow) (oauth.Session, error) {
	var s oauth.Session
	var revoked *time.Time
	err := row.Scan(&s.ID, &s.FamilyID, &s.UserID, &s.UserEpoch, &s.ClientID, &s.Scopes,
		&s.Counter, &s.RotatedAt, &s.Repeats, &s.Address, &s.UserAgent, &s.CreatedAt, &s.LastUsedAt, &s.IdleUntil, &s.AbsoluteUntil,
		&revoked, &s.RevokedReason)
	for _, t := range []*time.Time{&s.RotatedAt, &s.CreatedAt, &s.LastUsedAt, &s.IdleUntil, &s.AbsoluteUntil} {
		*t = t.UTC()
	}
	s.RevokedAt = utc(revoked)
	return s, err
}

// live is the condition that a sessions row called s has not ended at a time.
func live(now string) string {
	return `s.revoked_at IS NULL AND ` + now + ` < s.idle_until AND ` + now + ` < s.absolute_until`
}

// lockUser lets a user's sign-ins, password changes and the like come one after the other: each of
// them is a transaction that begins with a lock on the user's row, and whose later statements see
// what the one before it did.
const lockUser = `SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`

// lockSessions and lockClientSessions lock in one order what is then changed together: two that
// change the same sessions cannot wait for each other.
const (
	lockSessions       = `SELECT FROM sessions WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id FOR NO KEY UPDATE`
	lockClientSessions = `SELECT FROM sessions WHERE client_id = $1 AND revoked_at IS NULL ORDER BY id FOR NO KEY UPDATE`
)

// surplus does not see what changed has just stored, so it leaves one place.
var createSession = noted(`changed AS (
		INSERT INTO sessions (created_at, id, family_id, user_id, user_epoch, client_id, scopes, counter, rotated_at, repeats,
			address, user_agent, last_used_at, idle_until, absolute_until, revoked_at, revoked_reason)
		SELECT $3::timestamptz, $4::uuid, $5::bytea, $6::uuid, $7::bigint, $8, $9::text[], $10::bigint, $11::timestamptz, $12::bigint,
			$13, $14, $15::timestamptz, $16::timestamptz, $17::timestamptz, $18::timestamptz, NULLIF($19, '')
		WHERE $6::uuid IS NULL OR EXISTS (SELECT FROM users u WHERE u.id = $6 AND u.epoch = $7 AND `+active("$3")+`)
		RETURNING user_id),
	surplus AS (
		SELECT s.id FROM sessions s JOIN changed ON changed.user_id = s.user_id WHERE `+live("$3")+`
		ORDER BY s.last_used_at DESC, s.created_at DESC, s.id OFFSET $20),
	ended AS (
		UPDATE sessions s SET revoked_at = $3, revoked_reason = $21 FROM surplus WHERE s.id = surplus.id AND s.revoked_at IS NULL)`,
	`SELECT FROM changed`)

// CreateSession implements oauth.SessionStore. With its lock it is one trip to the database: people
// wait for it.
func (s *Store) CreateSession(ctx context.Context, o oauth.Session, n audit.Note) error {
	if o.UserID != "" && !isUUID(o.UserID) {
		return account.ErrNotFound
	}
	user := uuidOrNull(o.UserID)
	batch := &pgx.Batch{}
	batch.Queue(lockUser, user)
	batch.Queue(createSession, keep(n, whole(o.CreatedAt), o.ID, o.FamilyID, user, o.UserEpoch, o.ClientID, list(o.Scopes),
		o.Counter, whole(o.RotatedAt), o.Repeats, o.Address, o.UserAgent,
		whole(o.LastUsedAt), whole(o.IdleUntil), whole(o.AbsoluteUntil), wholeOrNull(o.RevokedAt), o.RevokedReason,
		oauth.MaxSessions-1, oauth.EndedByNumber)...)
	return found(s.execBatch(ctx, batch, 1))
}

const (
	sessionAndUser  = `SELECT ` + sessionColumns + `, ` + userColumns + ` FROM sessions s LEFT JOIN users u ON u.id = s.user_id`
	sessionByID     = sessionAndUser + ` WHERE s.id = $1`
	sessionByFamily = sessionAndUser + ` WHERE s.family_id = $1`
)

// SessionByID implements oauth.SessionStore.
func (s *Store) SessionByID(ctx context.Context, id string) (oauth.Session, account.User, error) {
	if !isUUID(id) {
		return oauth.Session{}, account.User{}, account.ErrNotFound
	}
	o, err := one(ctx, s, scanOwned, sessionByID, id)
	return o.session, o.user, err
}

// SessionByFamily implements oauth.SessionStore.
func (s *Store) SessionByFamily(ctx context.Context, family []byte) (oauth.Session, account.User, error) {
	o, err := one(ctx, s, scanOwned, sessionByFamily, family)
	return o.session, o.user, err
}

// owned is a session with its user, if it has one.
type owned struct {
	session oauth.Session
	user    account.User
}

func scanOwned(row pgx.CollectableRow) (o owned, err error) {
	o.session, err = scanSession(head{row})
	if err == nil && o.session.UserID != "" {
		o.user, err = scanUser(tail{row})
	}
	return o, err
}

// head and tail show as many columns of a row as are asked for, from its beginning or up to its end.
type (
	head struct{ pgx.CollectableRow }
	tail struct{ pgx.CollectableRow }
)

func (r head) Scan(dest ...any) error {
	return r.CollectableRow.Scan(append(dest, make([]any, len(r.FieldDescriptions())-len(dest))...)...)
}

func (r tail) Scan(dest ...any) error {
	return r.CollectableRow.Scan(append(make([]any, len(r.FieldDescriptions())-len(dest)), dest...)...)
}

// Of many that come with one counter the first one locks the row; the others wait for it, look at the
// row again and find another counter. They look at users only as it was before the wait, so that
// whatever ends a user's sessions must change their rows, too.
var rotateSession = `
	UPDATE sessions s SET counter = s.counter + 1, rotated_at = $1, last_used_at = $1,
		idle_until = LEAST($2, s.absolute_until), address = $3, repeats = 0
	WHERE s.family_id = $4 AND s.counter = $5 AND s.client_id = $6 AND ` + live("$1") + `
		AND (s.user_id IS NULL OR EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.epoch = s.user_epoch AND ` + active("$1") + `))`

// RotateSession implements oauth.SessionStore.
func (s *Store) RotateSession(ctx context.Context, r oauth.Rotation) error {
	return s.execOne(ctx, rotateSession, whole(r.Now), whole(r.IdleUntil), r.Address, r.FamilyID, r.Counter, r.ClientID)
}

const repeatRotation = `UPDATE sessions SET repeats = repeats + 1 WHERE family_id = $1 AND counter = $2 AND revoked_at IS NULL`

// RepeatRotation implements oauth.SessionStore.
func (s *Store) RepeatRotation(ctx context.Context, family []byte, counter int64) error {
	return s.execOne(ctx, repeatRotation, family, counter)
}

// The first reason stays.
var revokeSession = noted(`changed AS (
		UPDATE sessions SET revoked_at = $3, revoked_reason = $4
		WHERE id = $5 AND ($6::uuid IS NULL OR user_id = $6) AND revoked_at IS NULL RETURNING id)`,
	`SELECT FROM sessions WHERE id = $5 AND ($6::uuid IS NULL OR user_id = $6)`)

// RevokeSession implements oauth.SessionStore.
func (s *Store) RevokeSession(ctx context.Context, id, userID, reason string, now time.Time, n audit.Note) error {
	if !isUUID(id) || userID != "" && !isUUID(userID) {
		return account.ErrNotFound
	}
	return s.execOne(ctx, revokeSession, keep(n, whole(now), reason, id, uuidOrNull(userID))...)
}

var revokeSessions = noted(`changed AS (
		UPDATE sessions s SET revoked_at = $3, revoked_reason = $4
		WHERE s.user_id = $5 AND s.id IS DISTINCT FROM $6::uuid AND `+live("$3")+` RETURNING s.id)`,
	`SELECT FROM changed`)

// RevokeSessions implements oauth.SessionStore.
func (s *Store) RevokeSessions(ctx context.Context, userID, except, reason string, now time.Time, n audit.Note) (int, error) {
	user := uuidOrNull(userID)
	batch := &pgx.Batch{}
	batch.Queue(lockSessions, user)
	batch.Queue(revokeSessions, keep(n, whole(now), reason, user, uuidOrNull(except))...)
	rows, err := s.execBatch(ctx, batch, 1)
	return int(rows), err
}

var userSessions = `
	SELECT ` + sessionColumns + ` FROM sessions s JOIN users u ON u.id = s.user_id
	WHERE u.id = $2 AND ` + active("$1") + ` AND u.epoch = s.user_epoch AND ` + live("$1") + `
	ORDER BY s.last_used_at DESC, s.created_at DESC, s.id`

// UserSessions implements oauth.SessionStore.
func (s *Store) UserSessions(ctx context.Context, userID string, now time.Time) ([]oauth.Session, error) {
	return all(ctx, s, scanSession, userSessions, whole(now), uuidOrNull(userID))
}

// The array is made once; what somebody else holds is left to the next time.
const purgeSessions = `
	DELETE FROM sessions WHERE id = ANY(ARRAY(
		SELECT id FROM sessions WHERE LEAST(idle_until, absolute_until, revoked_at) < $1
		ORDER BY LEAST(idle_until, absolute_until, revoked_at) LIMIT $2 FOR UPDATE SKIP LOCKED))`

// PurgeSessions implements oauth.SessionStore.
func (s *Store) PurgeSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := s.exec(ctx, purgeSessions, whole(before), max(limit, 0))
	return int(n), err
}

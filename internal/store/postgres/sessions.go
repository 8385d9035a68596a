package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
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

// live is the condition that a sessions row called s has not ended at $1.
const live = `s.revoked_at IS NULL AND $1 < s.idle_until AND $1 < s.absolute_until`

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

// surplus does not see what made has just stored, so it leaves one place.
const createSession = `
	WITH made AS (
		INSERT INTO sessions (created_at, id, family_id, user_id, user_epoch, client_id, scopes, counter, rotated_at, repeats,
			address, user_agent, last_used_at, idle_until, absolute_until, revoked_at, revoked_reason)
		SELECT $1::timestamptz, $2::uuid, $3::bytea, $4::uuid, $5::bigint, $6, $7::text[], $8::bigint, $9::timestamptz, $10::bigint,
			$11, $12, $13::timestamptz, $14::timestamptz, $15::timestamptz, $16::timestamptz, NULLIF($17, '')
		WHERE $4::uuid IS NULL OR EXISTS (SELECT FROM users WHERE id = $4 AND active AND epoch = $5)
		RETURNING user_id),
	surplus AS (
		SELECT s.id FROM sessions s JOIN made ON made.user_id = s.user_id WHERE ` + live + `
		ORDER BY s.last_used_at DESC, s.created_at DESC, s.id OFFSET $18),
	ended AS (
		UPDATE sessions s SET revoked_at = $1, revoked_reason = $19 FROM surplus WHERE s.id = surplus.id AND s.revoked_at IS NULL)
	SELECT FROM made`

// CreateSession implements oauth.SessionStore.
func (s *Store) CreateSession(ctx context.Context, n oauth.Session) error {
	if n.UserID != "" && !isUUID(n.UserID) {
		return account.ErrNotFound
	}
	user := uuidOrNull(n.UserID)
	batch := &pgx.Batch{}
	batch.Queue(lockUser, user)
	batch.Queue(createSession, whole(n.CreatedAt), n.ID, n.FamilyID, user, n.UserEpoch, n.ClientID, list(n.Scopes),
		n.Counter, whole(n.RotatedAt), n.Repeats, n.Address, n.UserAgent,
		whole(n.LastUsedAt), whole(n.IdleUntil), whole(n.AbsoluteUntil), wholeOrNull(n.RevokedAt), n.RevokedReason,
		oauth.MaxSessions-1, oauth.EndedByNumber)
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
const rotateSession = `
	UPDATE sessions s SET counter = s.counter + 1, rotated_at = $1, last_used_at = $1,
		idle_until = LEAST($2, s.absolute_until), address = $3, repeats = 0
	WHERE s.family_id = $4 AND s.counter = $5 AND s.client_id = $6 AND ` + live + `
		AND (s.user_id IS NULL OR EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.active AND u.epoch = s.user_epoch))`

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
const revokeSession = `
	UPDATE sessions SET revoked_at = COALESCE(revoked_at, $1),
		revoked_reason = CASE WHEN revoked_at IS NULL THEN $2 ELSE revoked_reason END
	WHERE id = $3 AND ($4::uuid IS NULL OR user_id = $4)`

// RevokeSession implements oauth.SessionStore.
func (s *Store) RevokeSession(ctx context.Context, id, userID, reason string, now time.Time) error {
	if !isUUID(id) || userID != "" && !isUUID(userID) {
		return account.ErrNotFound
	}
	return s.execOne(ctx, revokeSession, whole(now), reason, id, uuidOrNull(userID))
}

const revokeSessions = `
	UPDATE sessions s SET revoked_at = $1, revoked_reason = $2
	WHERE s.user_id = $3 AND s.id IS DISTINCT FROM $4::uuid AND ` + live

// RevokeSessions implements oauth.SessionStore.
func (s *Store) RevokeSessions(ctx context.Context, userID, except, reason string, now time.Time) (int, error) {
	user := uuidOrNull(userID)
	batch := &pgx.Batch{}
	batch.Queue(lockSessions, user)
	batch.Queue(revokeSessions, whole(now), reason, user, uuidOrNull(except))
	n, err := s.execBatch(ctx, batch, 1)
	return int(n), err
}

const userSessions = `
	SELECT ` + sessionColumns + ` FROM sessions s JOIN users u ON u.id = s.user_id
	WHERE u.id = $2 AND u.active AND u.epoch = s.user_epoch AND ` + live + `
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

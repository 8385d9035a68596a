package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// sessionColumns are what scanSession reads, of a sessions row called s.
const sessionColumns = `s.id, s.family_id, coalesce(s.user_id, ''), s.user_epoch, s.client_id, s.scopes,
	s.counter, s.rotated_at, s.repeats, s.address, s.user_agent, s.created_at, s.last_used_at, s.idle_until, s.absolute_until,
	s.revoked_at, coalesce(s.revoked_reason, '')`

func scanSession(r row) (oauth.Session, error) {
	var s oauth.Session
	var rotated, created, used, idle, absolute int64
	var revoked sql.NullInt64
	err := r.Scan(&s.ID, &s.FamilyID, &s.UserID, &s.UserEpoch, &s.ClientID, (*list)(&s.Scopes),
		&s.Counter, &rotated, &s.Repeats, &s.Address, &s.UserAgent, &created, &used, &idle, &absolute,
		&revoked, &s.RevokedReason)
	s.RotatedAt, s.CreatedAt, s.LastUsedAt, s.IdleUntil, s.AbsoluteUntil = utc(rotated), utc(created), utc(used), utc(idle), utc(absolute)
	s.RevokedAt = utcOrZero(revoked)
	return s, err
}

// live is the condition that a sessions row called s has not ended at ?1.
const live = `s.revoked_at IS NULL AND ?1 < s.idle_until AND ?1 < s.absolute_until`

var createSession = `
	INSERT INTO sessions (id, family_id, user_id, user_epoch, client_id, scopes, counter, rotated_at, repeats,
		address, user_agent, created_at, last_used_at, idle_until, absolute_until, revoked_at, revoked_reason)
	SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, nullif(?17, '')
	WHERE ?3 IS NULL OR EXISTS (SELECT 1 FROM users u WHERE u.id = ?3 AND u.epoch = ?4 AND ` + active("?12") + `)`

const endSurplus = `
	UPDATE sessions SET revoked_at = ?1, revoked_reason = ?2 WHERE id IN (
		SELECT s.id FROM sessions s WHERE s.user_id = ?3 AND s.id <> ?4 AND ` + live + `
		ORDER BY s.last_used_at DESC, s.created_at DESC, s.id LIMIT -1 OFFSET ?5)`

// CreateSession implements oauth.SessionStore.
func (s *Store) CreateSession(ctx context.Context, o oauth.Session, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		err := execOne(ctx, tx, createSession, o.ID, blob(o.FamilyID), textOrNull(o.UserID), o.UserEpoch, o.ClientID, array(o.Scopes),
			o.Counter, seconds(o.RotatedAt), o.Repeats, o.Address, o.UserAgent, seconds(o.CreatedAt), seconds(o.LastUsedAt),
			seconds(o.IdleUntil), seconds(o.AbsoluteUntil), secondsOrNull(o.RevokedAt), o.RevokedReason)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, endSurplus, seconds(o.CreatedAt), oauth.EndedByNumber, o.UserID, o.ID, oauth.MaxSessions-1)
		if err != nil {
			return err
		}
		return keep(ctx, tx, n)
	})
}

const (
	sessionAndUser  = `SELECT ` + sessionColumns + `, ` + userColumns + ` FROM sessions s LEFT JOIN users u ON u.id = s.user_id`
	sessionByID     = sessionAndUser + ` WHERE s.id = ?`
	sessionByFamily = sessionAndUser + ` WHERE s.family_id = ?`
)

// SessionByID implements oauth.SessionStore.
func (s *Store) SessionByID(ctx context.Context, id string) (oauth.Session, account.User, error) {
	o, err := one(ctx, s.reader, scanOwned, sessionByID, id)
	return o.session, o.user, err
}

// SessionByFamily implements oauth.SessionStore.
func (s *Store) SessionByFamily(ctx context.Context, family []byte) (oauth.Session, account.User, error) {
	o, err := one(ctx, s.reader, scanOwned, sessionByFamily, family)
	return o.session, o.user, err
}

// owned is a session with its user, if it has one.
type owned struct {
	session oauth.Session
	user    account.User
}

func scanOwned(r row) (o owned, err error) {
	o.session, err = scanSession(head{r})
	if err == nil && o.session.UserID != "" {
		o.user, err = scanUser(tail{r})
	}
	return o, err
}

var rotateSession = `
	UPDATE sessions AS s SET counter = s.counter + 1, rotated_at = ?1, last_used_at = ?1,
		idle_until = min(?2, s.absolute_until), address = ?3, repeats = 0
	WHERE s.family_id = ?4 AND s.counter = ?5 AND s.client_id = ?6 AND ` + live + `
		AND (s.user_id IS NULL OR EXISTS (SELECT 1 FROM users u WHERE u.id = s.user_id AND u.epoch = s.user_epoch AND ` + active("?1") + `))`

// RotateSession implements oauth.SessionStore.
func (s *Store) RotateSession(ctx context.Context, r oauth.Rotation) error {
	return s.writeOne(ctx, rotateSession, seconds(r.Now), seconds(r.IdleUntil), r.Address, r.FamilyID, r.Counter, r.ClientID)
}

const repeatRotation = `UPDATE sessions SET repeats = repeats + 1 WHERE family_id = ? AND counter = ? AND revoked_at IS NULL`

// RepeatRotation implements oauth.SessionStore.
func (s *Store) RepeatRotation(ctx context.Context, family []byte, counter int64) error {
	return s.writeOne(ctx, repeatRotation, family, counter)
}

const (
	mySession     = `SELECT EXISTS (SELECT 1 FROM sessions WHERE id = ?1 AND (?2 = '' OR user_id = ?2))`
	revokeSession = `UPDATE sessions SET revoked_at = ?2, revoked_reason = ?3 WHERE id = ?1 AND revoked_at IS NULL`
)

// RevokeSession implements oauth.SessionStore. The first reason stays.
func (s *Store) RevokeSession(ctx context.Context, id, userID, reason string, now time.Time, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if found, err := one(ctx, tx, value[bool], mySession, id, userID); err != nil {
			return err
		} else if !found {
			return account.ErrNotFound
		}
		if revoked, err := execMany(ctx, tx, revokeSession, id, seconds(now), reason); err != nil || revoked == 0 {
			return err
		}
		return keep(ctx, tx, n)
	})
}

const revokeSessions = `
	UPDATE sessions AS s SET revoked_at = ?1, revoked_reason = ?2 WHERE s.user_id = ?3 AND s.id <> ?4 AND ` + live

// RevokeSessions implements oauth.SessionStore.
func (s *Store) RevokeSessions(ctx context.Context, userID, except, reason string, now time.Time, n audit.Note) (revoked int, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		if revoked, err = execMany(ctx, tx, revokeSessions, seconds(now), reason, userID, except); err != nil || revoked == 0 {
			return err
		}
		return keep(ctx, tx, n)
	})
	return revoked, err
}

var userSessions = `
	SELECT ` + sessionColumns + ` FROM sessions s JOIN users u ON u.id = s.user_id
	WHERE u.id = ?2 AND ` + active("?1") + ` AND u.epoch = s.user_epoch AND ` + live + `
	ORDER BY s.last_used_at DESC, s.created_at DESC, s.id`

// UserSessions implements oauth.SessionStore.
func (s *Store) UserSessions(ctx context.Context, userID string, now time.Time) ([]oauth.Session, error) {
	return all(ctx, s.reader, scanSession, userSessions, seconds(now), userID)
}

// ended is when a session has ended, or will without another use: the text of its index.
const ended = `min(idle_until, absolute_until, coalesce(revoked_at, idle_until))`

const purgeSessions = `
	DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ` + ended + ` < ? ORDER BY ` + ended + ` LIMIT ?)`

// PurgeSessions implements oauth.SessionStore.
func (s *Store) PurgeSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.writeMany(ctx, purgeSessions, seconds(before), max(limit, 0))
}

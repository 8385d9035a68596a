package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// sessionColumns are the columns of the sessions row s that scanSession reads.
const sessionColumns = `s.id, s.family_id, coalesce(s.user_id, ''), s.user_epoch, s.client_id, s.scopes,
	s.counter, s.rotated_at, s.repeats, s.address, s.user_agent, s.created_at, s.last_used_at, s.idle_until, s.absolute_until,
	s.revoked_at, coalesce(s.revoked_reason, ''), ` + store.EndedWithClient

func scanSession(r row) (oauth.Session, error) {
	var s sessionRow
	err := r.Scan(s.columns()...)
	return s.value(), err
}

// sessionRow is where the columns of a session are scanned to.
type sessionRow struct {
	session                                oauth.Session
	rotated, created, used, idle, absolute int64
	revoked, endedWithClient               sql.NullInt64
}

func (r *sessionRow) columns() []any {
	s := &r.session
	return []any{
		&s.ID, &s.FamilyID, &s.UserID, &s.UserEpoch, &s.ClientID, (*jsonList)(&s.Scopes),
		&s.Counter, &r.rotated, &s.Repeats, &s.Address, &s.UserAgent, &r.created, &r.used, &r.idle, &r.absolute,
		&r.revoked, &s.RevokedReason, &r.endedWithClient,
	}
}

func (r *sessionRow) value() oauth.Session {
	s := r.session
	s.RotatedAt, s.CreatedAt, s.LastUsedAt = utc(r.rotated), utc(r.created), utc(r.used)
	s.IdleUntil, s.AbsoluteUntil, s.RevokedAt = utc(r.idle), utc(r.absolute), utcOrZero(r.revoked)
	if !r.revoked.Valid && r.endedWithClient.Valid {
		s.RevokedAt, s.RevokedReason = utc(r.endedWithClient.Int64), oauth.EndedByClient
	}
	return s
}

// sessionLive is the condition that the sessions row s has not ended at ?1.
const sessionLive = `s.revoked_at IS NULL AND ?1 < s.idle_until AND ?1 < s.absolute_until
	AND NOT EXISTS (SELECT 1 FROM ended_clients e WHERE ` + store.EndsWithClient + `)`

var createSession = `
	INSERT INTO sessions (id, family_id, user_id, user_epoch, client_id, scopes, counter, rotated_at, repeats,
		address, user_agent, created_at, last_used_at, idle_until, absolute_until, revoked_at, revoked_reason)
	SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, nullif(?17, '')
	WHERE ?3 IS NULL OR EXISTS (SELECT 1 FROM users u WHERE u.id = ?3 AND u.epoch = ?4 AND ` + store.UserActive("?12") + `)`

const revokeSurplus = `
	UPDATE sessions SET revoked_at = ?1, revoked_reason = ?2 WHERE id IN (
		SELECT s.id FROM sessions s WHERE s.user_id = ?3 AND s.id <> ?4 AND ` + sessionLive + `
		ORDER BY s.last_used_at DESC, s.created_at DESC, s.id LIMIT -1 OFFSET ?5)`

// CreateSession implements oauth.SessionStore.
func (s *Store) CreateSession(ctx context.Context, session oauth.Session, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		err := execOneTx(ctx, tx, createSession, session.ID, nonNil(session.FamilyID), textOrNull(session.UserID), session.UserEpoch,
			session.ClientID, storedList(session.Scopes), session.Counter, storedTime(session.RotatedAt), session.Repeats,
			session.Address, session.UserAgent, storedTime(session.CreatedAt), storedTime(session.LastUsedAt),
			storedTime(session.IdleUntil), storedTime(session.AbsoluteUntil), storedTimeOrNull(session.RevokedAt), session.RevokedReason)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, revokeSurplus, storedTime(session.CreatedAt), oauth.EndedByNumber, session.UserID, session.ID,
			oauth.MaxSessions-1)
		if err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

const (
	sessionWithUser = `SELECT ` + sessionColumns + `, ` + userColumnsOrEmpty + ` FROM sessions s LEFT JOIN users u ON u.id = s.user_id`
	sessionByID     = sessionWithUser + ` WHERE s.id = ?`
	sessionByFamily = sessionWithUser + ` WHERE s.family_id = ?`
)

// SessionByID implements oauth.SessionStore. It needs no query for a session that has not changed since the last one.
func (s *Store) SessionByID(ctx context.Context, id string) (oauth.Session, account.User, error) {
	packed, err := remembered(s.sessions, s.index, id, func() (store.PackedSession, error) {
		return queryOne(ctx, s.reads, scanPackedSession, sessionByID, id)
	})
	r := packed.Unpack()
	return r.Session, r.User, err
}

func scanPackedSession(r row) (store.PackedSession, error) {
	s, err := scanSessionAndUser(r)
	return s.Pack(), err
}

// SessionByFamily implements oauth.SessionStore.
func (s *Store) SessionByFamily(ctx context.Context, family []byte) (oauth.Session, account.User, error) {
	r, err := queryOne(ctx, s.reads, scanSessionAndUser, sessionByFamily, family)
	return r.Session, r.User, err
}

func scanSessionAndUser(r row) (store.SessionAndUser, error) {
	var s sessionRow
	var u userRow
	if err := r.Scan(append(s.columns(), u.columns()...)...); err != nil {
		return store.SessionAndUser{}, err
	}
	if s.session.UserID == "" {
		return store.SessionAndUser{Session: s.value()}, nil
	}
	return store.SessionAndUser{Session: s.value(), User: u.value()}, nil
}

const (
	sessionOfFamily = `SELECT s.rowid, ` + sessionColumns + ` FROM sessions s WHERE s.family_id = ?`
	rotateSession   = `UPDATE sessions SET counter = ?, rotated_at = ?, last_used_at = ?, idle_until = ?, address = ?, repeats = 0 WHERE rowid = ?`
)

// RotateSession implements oauth.SessionStore. It does not read the user if it has not changed since the last time: in a
// large database most pages are not in memory, and the user and its roles are on other pages than the session.
func (s *Store) RotateSession(ctx context.Context, r oauth.Rotation) (oauth.Session, account.User, error) {
	r.Now, r.IdleUntil = utc(storedTime(r.Now)), utc(storedTime(r.IdleUntil))
	var after store.SessionAndUser
	err := s.inTx(ctx, func(tx *writeTx) error {
		row, err := queryOne(ctx, tx, scanNumberedSession, sessionOfFamily, r.FamilyID)
		if err != nil {
			return err
		}
		if after.User, err = s.userOf(ctx, tx, row.session); err != nil {
			return err
		}
		if after.Session, err = row.session.Rotated(r, after.User); err != nil {
			return err
		}
		return execOneTx(ctx, tx, rotateSession, after.Session.Counter, storedTime(after.Session.RotatedAt),
			storedTime(after.Session.LastUsedAt), storedTime(after.Session.IdleUntil), after.Session.Address, row.number)
	})
	if err != nil {
		return oauth.Session{}, account.User{}, err
	}
	return after.Session, after.User, nil
}

// numberedSession is a session with the number of its row.
type numberedSession struct {
	number  int64
	session oauth.Session
}

func scanNumberedSession(r row) (n numberedSession, err error) {
	var s sessionRow
	err = r.Scan(append([]any{&n.number}, s.columns()...)...)
	n.session = s.value()
	return n, err
}

// userOf returns the user of a session, or the zero User if it has none. It needs no query for one that has not changed since
// the last.
func (s *Store) userOf(ctx context.Context, tx *writeTx, session oauth.Session) (account.User, error) {
	if session.UserID == "" {
		return account.User{}, nil
	}
	if s.changes.touchesUser(session.UserID) {
		return queryOne(ctx, tx, scanUser, userByID, session.UserID)
	}
	packed, err := remembered(s.users, s.index, session.UserID, func() (store.PackedUser, error) {
		return packedUser(ctx, tx, session.UserID)
	})
	return packed.Unpack(), err
}

func packedUser(ctx context.Context, q querier, id string) (store.PackedUser, error) {
	u, err := queryOne(ctx, q, scanUser, userByID, id)
	return store.PackUser(u), err
}

const repeatRotation = `UPDATE sessions SET repeats = repeats + 1 WHERE family_id = ? AND counter = ? AND revoked_at IS NULL`

// RepeatRotation implements oauth.SessionStore.
func (s *Store) RepeatRotation(ctx context.Context, family []byte, counter int64) error {
	return s.execOne(ctx, repeatRotation, family, counter)
}

const (
	sessionExists = `SELECT EXISTS (SELECT 1 FROM sessions WHERE id = ?1 AND (?2 = '' OR user_id = ?2))`
	revokeSession = `UPDATE sessions SET revoked_at = ?2, revoked_reason = ?3 WHERE id = ?1 AND revoked_at IS NULL`
)

// RevokeSession implements oauth.SessionStore. A revoked session keeps its first reason.
func (s *Store) RevokeSession(ctx context.Context, id, userID, reason string, now time.Time, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		if err := requireTrue(ctx, tx, fault.ErrNotFound, sessionExists, id, userID); err != nil {
			return err
		}
		if revoked, err := execTx(ctx, tx, revokeSession, id, storedTime(now), reason); err != nil || revoked == 0 {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

const revokeSessions = `
	UPDATE sessions AS s SET revoked_at = ?1, revoked_reason = ?2 WHERE s.user_id = ?3 AND s.id <> ?4 AND ` + sessionLive

// RevokeSessions implements oauth.SessionStore.
func (s *Store) RevokeSessions(ctx context.Context, userID, except, reason string, now time.Time, change audit.Change) (revoked int, err error) {
	err = s.inTx(ctx, func(tx *writeTx) error {
		if revoked, err = execTx(ctx, tx, revokeSessions, storedTime(now), reason, userID, except); err != nil || revoked == 0 {
			return err
		}
		return recordChange(ctx, tx, change)
	})
	return revoked, err
}

var userSessions = `
	SELECT ` + sessionColumns + ` FROM sessions s JOIN users u ON u.id = s.user_id
	WHERE u.id = ?2 AND ` + store.UserActive("?1") + ` AND u.epoch = s.user_epoch AND ` + sessionLive + `
	ORDER BY s.last_used_at DESC, s.created_at DESC, s.id`

// UserSessions implements oauth.SessionStore.
func (s *Store) UserSessions(ctx context.Context, userID string, now time.Time) ([]oauth.Session, error) {
	return queryAll(ctx, s.reads, scanSession, userSessions, storedTime(now), userID)
}

// sessionEnd must match the expression of the index sessions_ended exactly, or SQLite does not use it.
const sessionEnd = `min(idle_until, absolute_until, coalesce(revoked_at, idle_until))`

const purgeSessions = `
	DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ` + sessionEnd + ` < ? ORDER BY ` + sessionEnd + ` LIMIT ?)`

// PurgeSessions implements oauth.SessionStore.
func (s *Store) PurgeSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, purgeSessions, storedTime(before), max(limit, 0))
}

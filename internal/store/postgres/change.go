package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// lockAdmins lets all that may leave fewer administrators come one after the other: the statement
// after it sees what those before it have left. Whoever makes one need not wait for it.
const lockAdmins = `SELECT FROM roles WHERE name = '` + account.RoleAdmin + `' FOR NO KEY UPDATE`

// lastAdmin is the condition that a users row called u is of the last administrator active at $3.
var lastAdmin = `(` + active("$3") + ` AND EXISTS (
		SELECT FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id
		WHERE ur.user_id = u.id AND r.name = '` + account.RoleAdmin + `')
	AND NOT EXISTS (
		SELECT FROM (SELECT o.active, o.disabled_until FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id
			JOIN users o ON o.id = ur.user_id WHERE r.name = '` + account.RoleAdmin + `' AND o.id <> u.id) AS u
		WHERE ` + active("$3") + `))`

// A parameter that is NULL leaves its column as it is; disabled_until may become NULL.
var updateUser = noted(`changed AS (
		UPDATE users u SET username = COALESCE($5, username), username_key = COALESCE($6, username_key),
			email = COALESCE($7, email), email_key = COALESCE($8, email_key), email_verified = COALESCE($9, email_verified),
			name = COALESCE($10, name), picture = COALESCE($11, picture), active = COALESCE($12, active),
			disabled_until = CASE WHEN $13 THEN $14 ELSE disabled_until END,
			password_hash = COALESCE($15, password_hash), epoch = epoch + CASE WHEN $16 THEN 1 ELSE 0 END,
			updated_at = GREATEST(updated_at, $3)
		WHERE u.id = $4 AND (COALESCE($12, active) OR CASE WHEN $13 THEN $14 ELSE disabled_until END <= $3 OR NOT `+lastAdmin+`)
		RETURNING u.id)`,
	`SELECT FROM changed`)

// A session of an older epoch has ended; no later change can bring it back.
const keepSession = `
	UPDATE sessions SET user_epoch = user_epoch + 1
	WHERE id = $2 AND user_id = $1 AND revoked_at IS NULL AND user_epoch + 1 = (SELECT epoch FROM users WHERE id = $1)`

// A refresh that waits for the session's row looks at users as it was before the wait: it sees only
// what is written here, not the new epoch. Sessions that are over are no exception: by another
// machine's clock they may not be.
const endStale = `
	UPDATE sessions s SET revoked_at = $1, revoked_reason = $2
	FROM users u WHERE u.id = $3 AND s.user_id = u.id AND s.user_epoch <> u.epoch AND s.revoked_at IS NULL`

// UpdateUser implements account.Store.
func (s *Store) UpdateUser(ctx context.Context, id string, p account.UserPatch, now time.Time, n audit.Note) error {
	if !isUUID(id) {
		return account.ErrNotFound
	}
	err := s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		locks := &pgx.Batch{}
		if p.Active != nil && !*p.Active || p.DisabledUntil != nil {
			locks.Queue(lockAdmins)
		}
		locks.Queue(lockUser, id)
		if err := found(send(ctx, tx, locks, locks.Len()-1)); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, updateUser, keep(n, updateArgs(id, p, now)...)...)
		switch {
		case err != nil:
			return err
		case tag.RowsAffected() == 0:
			return account.ErrLastAdmin
		case p.EndSessions:
			return endSessions(ctx, tx, id, p.KeepSession, p.Reason, now)
		}
		return nil
	})
	if errors.Is(err, account.ErrEmailTaken) {
		return s.usernameFirst(ctx, id, p.UsernameKey, err)
	}
	return err
}

func updateArgs(id string, p account.UserPatch, now time.Time) []any {
	return []any{
		whole(now), id, p.Username, p.UsernameKey, p.Email, p.EmailKey, p.EmailVerified, p.Name, p.Picture,
		p.Active, p.DisabledUntil != nil, untilOrNull(p.DisabledUntil), p.PasswordHash, p.EndSessions,
	}
}

// endSessions revokes the sessions of a user whose epoch has been counted up, but for one that goes on
// with him.
func endSessions(ctx context.Context, tx pgx.Tx, id, keep, reason string, now time.Time) error {
	batch := &pgx.Batch{}
	batch.Queue(lockSessions, id)
	batch.Queue(keepSession, id, uuidOrNull(keep))
	batch.Queue(endStale, whole(now), reason, id)
	return tx.SendBatch(ctx, batch).Close()
}

// untilOrNull is a time that the zero time ends.
func untilOrNull(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return wholeOrNull(*t)
}

var deleteUser = noted(`changed AS (DELETE FROM users u WHERE u.id = $4 AND NOT `+lastAdmin+` RETURNING u.id)`, `SELECT FROM changed`)

// DeleteUser implements account.Store. What refers to the row goes with it.
func (s *Store) DeleteUser(ctx context.Context, id string, now time.Time, n audit.Note) error {
	if !isUUID(id) {
		return account.ErrNotFound
	}
	return s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		locks := &pgx.Batch{}
		locks.Queue(lockAdmins)
		locks.Queue(lockUser, id)
		locks.Queue(lockSessions, id)
		if err := found(send(ctx, tx, locks, 1)); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, deleteUser, keep(n, whole(now), id)...)
		if err == nil && tag.RowsAffected() == 0 {
			return account.ErrLastAdmin
		}
		return err
	})
}

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// lockAdmins serializes the changes that may leave fewer administrators: the statement after it sees
// the results of the changes before it. A change that adds an administrator does not need the lock.
const lockAdmins = `SELECT FROM roles WHERE name = '` + account.RoleAdmin + `' FOR NO KEY UPDATE`

// isLastAdmin is the condition that the users row u is the last administrator active at $3.
var isLastAdmin = `(` + store.UserActive("$3") + ` AND EXISTS (
		SELECT FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id
		WHERE ur.user_id = u.id AND r.name = '` + account.RoleAdmin + `')
	AND NOT EXISTS (
		SELECT FROM (SELECT o.active, o.disabled_until FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id
			JOIN users o ON o.id = ur.user_id WHERE r.name = '` + account.RoleAdmin + `' AND o.id <> u.id) AS u
		WHERE ` + store.UserActive("$3") + `))`

// A NULL parameter leaves its column unchanged, except for disabled_until, which may become NULL.
var updateUser = withRecord(`changed AS (
		UPDATE users u SET username = COALESCE($5, username), username_key = COALESCE($6, username_key),
			email = COALESCE($7, email), email_key = COALESCE($8, email_key), email_verified = COALESCE($9, email_verified),
			name = COALESCE($10, name), picture = COALESCE($11, picture), active = COALESCE($12, active),
			disabled_until = CASE WHEN $13 THEN $14 ELSE disabled_until END,
			password_hash = COALESCE($15, password_hash), epoch = epoch + CASE WHEN $16 THEN 1 ELSE 0 END,
			updated_at = GREATEST(updated_at, $3)
		WHERE u.id = $4 AND (COALESCE($12, active) OR CASE WHEN $13 THEN $14 ELSE disabled_until END <= $3 OR NOT `+isLastAdmin+`)
		RETURNING u.id)`,
	`SELECT FROM changed`)

// UpdateUser implements account.UserStore.
func (s *Store) UpdateUser(ctx context.Context, id string, p account.UserPatch, now time.Time, change audit.Change) error {
	if !isUUID(id) {
		return fault.ErrNotFound
	}
	err := s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		locks := &pgx.Batch{}
		if p.Active != nil && !*p.Active || p.DisabledUntil != nil {
			locks.Queue(lockAdmins)
		}
		locks.Queue(lockUser, id)
		if err := requireRows(sendBatch(ctx, tx, locks, locks.Len()-1)); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, updateUser, recordArgs(change, updateUserArgs(id, p, now)...)...)
		switch {
		case err != nil:
			return err
		case tag.RowsAffected() == 0:
			return account.ErrLastAdmin
		case p.EndSessions:
			return revokeOldSessions(ctx, tx, id, p.KeepSession, p.Reason, now)
		}
		return nil
	})
	if errors.Is(err, account.ErrEmailTaken) {
		return s.usernameTakenFirst(ctx, id, p.UsernameKey, err)
	}
	return err
}

func updateUserArgs(id string, p account.UserPatch, now time.Time) []any {
	var disabledUntil *time.Time
	if p.DisabledUntil != nil {
		disabledUntil = storedTimeOrNull(*p.DisabledUntil)
	}
	return []any{
		storedTime(now), id, p.Username, p.UsernameKey, p.Email, p.EmailKey, p.EmailVerified, p.Name, p.Picture,
		p.Active, p.DisabledUntil != nil, disabledUntil, p.PasswordHash, p.EndSessions,
	}
}

// A session with an older epoch has already ended and cannot be kept.
const keepSession = `
	UPDATE sessions SET user_epoch = user_epoch + 1
	WHERE id = $2 AND user_id = $1 AND revoked_at IS NULL AND user_epoch + 1 = (SELECT epoch FROM users WHERE id = $1)`

// A refresh that waits for the lock of a session row sees the users table as it was before the wait, so
// the session row itself must change. Expired sessions are revoked too: by the clock of another
// replica they may not have expired.
const revokeOldEpochs = `
	UPDATE sessions s SET revoked_at = $1, revoked_reason = $2
	FROM users u WHERE u.id = $3 AND s.user_id = u.id AND s.user_epoch <> u.epoch AND s.revoked_at IS NULL`

// revokeOldSessions revokes the sessions of a user whose epoch has been incremented. The session keep,
// which may be empty, gets the new epoch instead.
func revokeOldSessions(ctx context.Context, tx pgx.Tx, userID, keep, reason string, now time.Time) error {
	batch := &pgx.Batch{}
	batch.Queue(lockSessions, userID)
	batch.Queue(keepSession, userID, uuidOrNull(keep))
	batch.Queue(revokeOldEpochs, storedTime(now), reason, userID)
	return tx.SendBatch(ctx, batch).Close()
}

var deleteUser = withRecord(`changed AS (DELETE FROM users u WHERE u.id = $4 AND NOT `+isLastAdmin+` RETURNING u.id)`, `SELECT FROM changed`)

// DeleteUser implements account.UserStore. Foreign keys delete the rows that refer to the user.
func (s *Store) DeleteUser(ctx context.Context, id string, now time.Time, change audit.Change) error {
	if !isUUID(id) {
		return fault.ErrNotFound
	}
	return s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		locks := &pgx.Batch{}
		locks.Queue(lockAdmins)
		locks.Queue(lockUser, id)
		locks.Queue(lockSessions, id)
		if err := requireRows(sendBatch(ctx, tx, locks, 1)); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, deleteUser, recordArgs(change, storedTime(now), id)...)
		if err == nil && tag.RowsAffected() == 0 {
			return account.ErrLastAdmin
		}
		return err
	})
}

package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// isLastAdmin is the condition that the user ?1 is the last administrator active at ?2. Write
// transactions run one after the other, so it remains true until the end of the transaction.
var isLastAdmin = `(
	WITH admins AS (
		SELECT u.id FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id JOIN users u ON u.id = ur.user_id
		WHERE r.name = '` + account.RoleAdmin + `' AND ` + store.UserActive("?2") + `)
	SELECT EXISTS (SELECT 1 FROM admins WHERE id = ?1) AND NOT EXISTS (SELECT 1 FROM admins WHERE id <> ?1))`

var notLastAdmin = `SELECT NOT ` + isLastAdmin

// requireOtherAdmin returns ErrLastAdmin if the user is the last active administrator.
func requireOtherAdmin(ctx context.Context, tx *writeTx, id string, now time.Time) error {
	return requireTrue(ctx, tx, account.ErrLastAdmin, notLastAdmin, id, storedTime(now))
}

// A NULL parameter leaves its column unchanged, except for disabled_until, which may become NULL.
var updateUser = `
	UPDATE users SET username = coalesce(?3, username), username_key = coalesce(?4, username_key),
		email = coalesce(?5, email), email_key = coalesce(?6, email_key), email_verified = coalesce(?7, email_verified),
		name = coalesce(?8, name), picture = coalesce(?9, picture), active = coalesce(?10, active),
		disabled_until = iif(?11, ?12, disabled_until), password_hash = coalesce(?13, password_hash),
		epoch = epoch + iif(?14, 1, 0), updated_at = max(updated_at, ?2)
	WHERE id = ?1 AND (coalesce(?10, active) OR iif(?11, ?12, disabled_until) <= ?2 OR NOT ` + isLastAdmin + `)`

// UpdateUser implements account.UserStore.
func (s *Store) UpdateUser(ctx context.Context, id string, p account.UserPatch, now time.Time, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		if err := requireTrue(ctx, tx, fault.ErrNotFound, userExists, id); err != nil {
			return err
		}
		if err := requireFree(ctx, tx, id, p.UsernameKey, p.EmailKey); err != nil {
			return err
		}
		updated, err := execTx(ctx, tx, updateUser, updateUserArgs(id, p, now)...)
		switch {
		case err != nil:
			return err
		case updated == 0:
			return account.ErrLastAdmin
		case p.EndSessions:
			err = revokeOldSessions(ctx, tx, id, p.KeepSession, p.Reason, now)
		}
		if err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

func updateUserArgs(id string, p account.UserPatch, now time.Time) []any {
	var disabledUntil sql.NullInt64
	if p.DisabledUntil != nil {
		disabledUntil = storedTimeOrNull(*p.DisabledUntil)
	}
	return []any{
		id, storedTime(now), p.Username, p.UsernameKey, p.Email, p.EmailKey, p.EmailVerified, p.Name, p.Picture,
		p.Active, p.DisabledUntil != nil, disabledUntil, p.PasswordHash, p.EndSessions,
	}
}

const (
	// A session with an older epoch has already ended and cannot be kept.
	keepSession = `
		UPDATE sessions SET user_epoch = user_epoch + 1
		WHERE id = ?2 AND user_id = ?1 AND revoked_at IS NULL AND user_epoch + 1 = (SELECT epoch FROM users WHERE id = ?1)`
	revokeOldEpochs = `
		UPDATE sessions SET revoked_at = ?1, revoked_reason = ?2
		WHERE user_id = ?3 AND user_epoch <> (SELECT epoch FROM users WHERE id = ?3) AND revoked_at IS NULL`
)

// revokeOldSessions revokes the sessions of a user whose epoch has been incremented. The session keep,
// which may be empty, gets the new epoch instead.
func revokeOldSessions(ctx context.Context, tx *writeTx, userID, keep, reason string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, keepSession, userID, keep); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, revokeOldEpochs, storedTime(now), reason, userID)
	return err
}

const deleteUser = `DELETE FROM users WHERE id = ?`

// DeleteUser implements account.UserStore. Foreign keys delete the rows that refer to the user.
func (s *Store) DeleteUser(ctx context.Context, id string, now time.Time, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		if err := requireOtherAdmin(ctx, tx, id, now); err != nil {
			return err
		}
		if err := execOneTx(ctx, tx, deleteUser, id); err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

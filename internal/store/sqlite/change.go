package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// lastAdmin says whether the user ?1 is the last administrator active at ?2. Transactions that write
// come one after the other: what it says stays so.
var lastAdmin = `(
	WITH admins AS (
		SELECT u.id FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id JOIN users u ON u.id = ur.user_id
		WHERE r.name = '` + account.RoleAdmin + `' AND ` + active("?2") + `)
	SELECT EXISTS (SELECT 1 FROM admins WHERE id = ?1) AND NOT EXISTS (SELECT 1 FROM admins WHERE id <> ?1))`

var isLastAdmin = `SELECT ` + lastAdmin

// refuseLastAdmin answers ErrLastAdmin for that one.
func refuseLastAdmin(ctx context.Context, tx *sql.Tx, id string, now time.Time) error {
	last, err := one(ctx, tx, value[bool], isLastAdmin, id, seconds(now))
	if err == nil && last {
		return account.ErrLastAdmin
	}
	return err
}

// A parameter that is NULL leaves its column as it is; disabled_until may become NULL.
var updateUser = `
	UPDATE users SET username = coalesce(?3, username), username_key = coalesce(?4, username_key),
		email = coalesce(?5, email), email_key = coalesce(?6, email_key), email_verified = coalesce(?7, email_verified),
		name = coalesce(?8, name), picture = coalesce(?9, picture), active = coalesce(?10, active),
		disabled_until = iif(?11, ?12, disabled_until), password_hash = coalesce(?13, password_hash),
		epoch = epoch + iif(?14, 1, 0), updated_at = max(updated_at, ?2)
	WHERE id = ?1 AND (coalesce(?10, active) OR iif(?11, ?12, disabled_until) <= ?2 OR NOT ` + lastAdmin + `)`

const (
	// A session of an older epoch has ended; no later change can bring it back.
	keepSession = `
		UPDATE sessions SET user_epoch = user_epoch + 1
		WHERE id = ?2 AND user_id = ?1 AND revoked_at IS NULL AND user_epoch + 1 = (SELECT epoch FROM users WHERE id = ?1)`
	endStale = `
		UPDATE sessions SET revoked_at = ?1, revoked_reason = ?2
		WHERE user_id = ?3 AND user_epoch <> (SELECT epoch FROM users WHERE id = ?3) AND revoked_at IS NULL`
)

// UpdateUser implements account.Store.
func (s *Store) UpdateUser(ctx context.Context, id string, p account.UserPatch, now time.Time, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if found, err := one(ctx, tx, value[bool], userExists, id); err != nil {
			return err
		} else if !found {
			return account.ErrNotFound
		}
		if err := free(ctx, tx, id, p.UsernameKey, p.EmailKey); err != nil {
			return err
		}
		changed, err := execMany(ctx, tx, updateUser, id, seconds(now), p.Username, p.UsernameKey, p.Email, p.EmailKey, p.EmailVerified,
			p.Name, p.Picture, p.Active, p.DisabledUntil != nil, untilOrNull(p.DisabledUntil), p.PasswordHash, p.EndSessions)
		switch {
		case err != nil:
			return err
		case changed == 0:
			return account.ErrLastAdmin
		case p.EndSessions:
			err = endSessions(ctx, tx, id, p.KeepSession, p.Reason, now)
		}
		if err != nil {
			return err
		}
		return keep(ctx, tx, n)
	})
}

// endSessions revokes the sessions of a user whose epoch has been counted up, but for one that goes on
// with him.
func endSessions(ctx context.Context, tx *sql.Tx, id, keep, reason string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, keepSession, id, keep); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, endStale, seconds(now), reason, id)
	return err
}

// untilOrNull is a time that the zero time ends.
func untilOrNull(t *time.Time) sql.NullInt64 {
	if t == nil {
		return sql.NullInt64{}
	}
	return secondsOrNull(*t)
}

const deleteUser = `DELETE FROM users WHERE id = ?`

// DeleteUser implements account.Store. What refers to the row goes with it.
func (s *Store) DeleteUser(ctx context.Context, id string, now time.Time, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := refuseLastAdmin(ctx, tx, id, now); err != nil {
			return err
		}
		if err := execOne(ctx, tx, deleteUser, id); err != nil {
			return err
		}
		return keep(ctx, tx, n)
	})
}

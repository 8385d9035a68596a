package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// userColumns are what scanUser reads, of a users row called u.
const userColumns = `u.id, u.username, u.username_key, u.email, u.email_key, u.email_verified, u.active,
	u.name, u.picture, u.password_hash, u.epoch, u.created_at, u.updated_at,
	(SELECT json_group_array(r.name ORDER BY r.name) FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id
		WHERE ur.user_id = u.id),
	(SELECT json_group_array(DISTINCT scope.value ORDER BY scope.value)
		FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id, json_each(r.scopes) AS scope
		WHERE ur.user_id = u.id)`

func scanUser(r row) (account.User, error) {
	var u account.User
	var created, updated int64
	err := r.Scan(&u.ID, &u.Username, &u.UsernameKey, &u.Email, &u.EmailKey, &u.EmailVerified, &u.Active,
		&u.Name, &u.Picture, &u.PasswordHash, &u.Epoch, &created, &updated, (*list)(&u.Roles), (*list)(&u.Scopes))
	u.CreatedAt, u.UpdatedAt = utc(created), utc(updated)
	return u, err
}

const (
	usernameInUse = `SELECT EXISTS (SELECT 1 FROM users WHERE username_key = ?)`
	emailInUse    = `SELECT EXISTS (SELECT 1 FROM users WHERE email_key = ?)`
	roleUnknown   = `SELECT EXISTS (SELECT 1 FROM json_each(?) AS asked WHERE asked.value NOT IN (SELECT name FROM roles))`

	createUser = `
		INSERT INTO users (id, username, username_key, email, email_key, email_verified, active,
			name, picture, password_hash, epoch, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	giveRoles = `
		INSERT INTO users_to_roles (user_id, role_id)
		SELECT ?, id FROM roles WHERE name IN (SELECT value FROM json_each(?))`
)

// CreateUser implements account.Store. The transaction is immediate: what it sees stays so.
func (s *Store) CreateUser(ctx context.Context, u account.User) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, refusal := range []struct {
			query, arg string
			err        error
		}{
			{usernameInUse, u.UsernameKey, account.ErrUsernameTaken},
			{emailInUse, u.EmailKey, account.ErrEmailTaken},
			{roleUnknown, array(u.Roles), account.ErrUnknownRole},
		} {
			if refused, err := one(ctx, tx, value[bool], refusal.query, refusal.arg); err != nil {
				return err
			} else if refused {
				return refusal.err
			}
		}
		if err := execOne(ctx, tx, createUser, u.ID, u.Username, u.UsernameKey, u.Email, u.EmailKey, u.EmailVerified, u.Active,
			u.Name, u.Picture, u.PasswordHash, u.Epoch, seconds(u.CreatedAt), seconds(u.UpdatedAt)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, giveRoles, u.ID, array(u.Roles))
		return err
	})
}

const userByUsername = `SELECT ` + userColumns + ` FROM users u WHERE u.username_key = ?`

// UserByUsername implements account.Store.
func (s *Store) UserByUsername(ctx context.Context, key string) (account.User, error) {
	return one(ctx, s.reader, scanUser, userByUsername, key)
}

const userByEmail = `SELECT ` + userColumns + ` FROM users u WHERE u.email_key = ?`

// UserByEmail implements account.Store.
func (s *Store) UserByEmail(ctx context.Context, key string) (account.User, error) {
	return one(ctx, s.reader, scanUser, userByEmail, key)
}

const userByID = `SELECT ` + userColumns + ` FROM users u WHERE u.id = ?`

// UserByID implements account.Store.
func (s *Store) UserByID(ctx context.Context, id string) (account.User, error) {
	return one(ctx, s.reader, scanUser, userByID, id)
}

const listUsers = `SELECT ` + userColumns + ` FROM users u
	WHERE (u.created_at, u.id) > (?, ?) ORDER BY u.created_at, u.id LIMIT ?`

// ListUsers implements account.Store.
func (s *Store) ListUsers(ctx context.Context, after account.Position, limit int) ([]account.User, error) {
	return all(ctx, s.reader, scanUser, listUsers, seconds(after.CreatedAt), after.ID, max(limit, 0))
}

const replacePasswordHash = `UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2`

// ReplacePasswordHash implements account.Store.
func (s *Store) ReplacePasswordHash(ctx context.Context, id, from, to string) error {
	return s.writeOne(ctx, replacePasswordHash, id, from, to)
}

const (
	setPassword = `UPDATE users SET password_hash = ?2, epoch = epoch + 1, updated_at = max(updated_at, ?3) WHERE id = ?1`
	// A session of an older epoch has ended; no later change can bring it back.
	keepSession = `
		UPDATE sessions SET user_epoch = user_epoch + 1
		WHERE id = ?2 AND user_id = ?1 AND revoked_at IS NULL AND user_epoch + 1 = (SELECT epoch FROM users WHERE id = ?1)`
	endStale = `
		UPDATE sessions SET revoked_at = ?1, revoked_reason = ?2
		WHERE user_id = ?3 AND user_epoch <> (SELECT epoch FROM users WHERE id = ?3) AND revoked_at IS NULL`
)

// SetPassword implements account.Store.
func (s *Store) SetPassword(ctx context.Context, id, hash, keep string, now time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := execOne(ctx, tx, setPassword, id, hash, seconds(now)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, keepSession, id, keep); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, endStale, seconds(now), oauth.EndedByPassword, id)
		return err
	})
}

const setActive = `
	UPDATE users SET active = ?2, epoch = epoch + iif(?2, 0, 1), updated_at = max(updated_at, ?3) WHERE id = ?1`

// SetActive implements account.Store. Where the epoch stays, no session is stale.
func (s *Store) SetActive(ctx context.Context, id string, active bool, now time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := execOne(ctx, tx, setActive, id, active, seconds(now)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, endStale, seconds(now), oauth.EndedByDisable, id)
		return err
	})
}

const deleteUser = `DELETE FROM users WHERE id = ?`

// DeleteUser implements account.Store. Roles and sessions go with the row that they refer to.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	return s.writeOne(ctx, deleteUser, id)
}

package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
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
	return s.write(ctx, func(tx *sql.Tx) error { return execOne(ctx, tx, replacePasswordHash, id, from, to) })
}

const grantRole = `
	INSERT INTO users_to_roles (user_id, role_id) SELECT ?, id FROM roles WHERE name = ?
	ON CONFLICT DO NOTHING`

// GrantRole implements account.Store.
func (s *Store) GrantRole(ctx context.Context, id, role string, now time.Time) error {
	return s.changeRole(ctx, grantRole, id, role, now)
}

const revokeRole = `
	DELETE FROM users_to_roles WHERE user_id = ? AND role_id = (SELECT id FROM roles WHERE name = ?)`

// RevokeRole implements account.Store.
func (s *Store) RevokeRole(ctx context.Context, id, role string, now time.Time) error {
	return s.changeRole(ctx, revokeRole, id, role, now)
}

const (
	userExists = `SELECT EXISTS (SELECT 1 FROM users WHERE id = ?)`
	roleExists = `SELECT EXISTS (SELECT 1 FROM roles WHERE name = ?)`
	touchUser  = `UPDATE users SET updated_at = max(updated_at, ?2) WHERE id = ?1`
)

// changeRole runs one of the two above.
func (s *Store) changeRole(ctx context.Context, query, id, role string, now time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if found, err := one(ctx, tx, value[bool], userExists, id); err != nil {
			return err
		} else if !found {
			return account.ErrNotFound
		}
		if found, err := one(ctx, tx, value[bool], roleExists, role); err != nil {
			return err
		} else if !found {
			return account.ErrUnknownRole
		}
		result, err := tx.ExecContext(ctx, query, id, role)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err // it was so before
		}
		return execOne(ctx, tx, touchUser, id, seconds(now))
	})
}

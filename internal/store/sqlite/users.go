package sqlite

import (
	"context"
	"database/sql"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// userColumns are what scanUser reads, of a users row called u.
const userColumns = `u.id, u.username, u.username_key, u.email, u.email_key, u.email_verified, u.active, u.disabled_until,
	u.name, u.picture, u.password_hash, u.epoch, u.created_at, u.updated_at,
	(SELECT json_group_array(r.name ORDER BY r.name) FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id
		WHERE ur.user_id = u.id),
	(SELECT json_group_array(DISTINCT scope.value ORDER BY scope.value)
		FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id, json_each(r.scopes) AS scope
		WHERE ur.user_id = u.id)`

func scanUser(r row) (account.User, error) {
	var u account.User
	var created, updated int64
	var until sql.NullInt64
	err := r.Scan(&u.ID, &u.Username, &u.UsernameKey, &u.Email, &u.EmailKey, &u.EmailVerified, &u.Active, &until,
		&u.Name, &u.Picture, &u.PasswordHash, &u.Epoch, &created, &updated, (*list)(&u.Roles), (*list)(&u.Scopes))
	u.DisabledUntil, u.CreatedAt, u.UpdatedAt = utcOrZero(until), utc(created), utc(updated)
	return u, err
}

// active is the condition that a users row called u is active at a time.
func active(now string) string { return `(u.active OR u.disabled_until <= ` + now + `)` }

const (
	usernameInUse = `SELECT EXISTS (SELECT 1 FROM users WHERE username_key = ? AND id <> ?)`
	emailInUse    = `SELECT EXISTS (SELECT 1 FROM users WHERE email_key = ? AND id <> ?)`
	roleUnknown   = `SELECT EXISTS (SELECT 1 FROM json_each(?) AS asked WHERE asked.value NOT IN (SELECT name FROM roles))`

	createUser = `
		INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, disabled_until,
			name, picture, password_hash, epoch, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	giveRoles = `
		INSERT INTO users_to_roles (user_id, role_id, user_created_at)
		SELECT ?, id, ? FROM roles WHERE name IN (SELECT value FROM json_each(?))`
)

// CreateUser implements account.Store.
func (s *Store) CreateUser(ctx context.Context, u account.User, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error { // immediate: what it sees stays so
		if err := free(ctx, tx, u.ID, &u.UsernameKey, &u.EmailKey); err != nil {
			return err
		}
		if unknown, err := one(ctx, tx, value[bool], roleUnknown, array(u.Roles)); err != nil {
			return err
		} else if unknown {
			return account.ErrUnknownRole
		}
		if err := execOne(ctx, tx, createUser, userValues(u)...); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, giveRoles, u.ID, seconds(u.CreatedAt), array(u.Roles)); err != nil {
			return err
		}
		return keep(ctx, tx, n)
	})
}

// userValues are those of createUser.
func userValues(u account.User) []any {
	return []any{
		u.ID, u.Username, u.UsernameKey, u.Email, u.EmailKey, u.EmailVerified, u.Active, secondsOrNull(u.DisabledUntil),
		u.Name, u.Picture, u.PasswordHash, u.Epoch, seconds(u.CreatedAt), seconds(u.UpdatedAt),
	}
}

// free answers what of a user somebody else has; nil is not asked for.
func free(ctx context.Context, tx *sql.Tx, id string, username, email *string) error {
	for _, key := range []struct {
		query string
		arg   *string
		err   error
	}{
		{usernameInUse, username, account.ErrUsernameTaken},
		{emailInUse, email, account.ErrEmailTaken},
	} {
		if key.arg == nil {
			continue
		}
		if taken, err := one(ctx, tx, value[bool], key.query, *key.arg, id); err != nil {
			return err
		} else if taken {
			return key.err
		}
	}
	return nil
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

const replacePasswordHash = `UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2`

// ReplacePasswordHash implements account.Store.
func (s *Store) ReplacePasswordHash(ctx context.Context, id, from, to string) error {
	return s.writeOne(ctx, replacePasswordHash, id, from, to)
}

package sqlite

import (
	"context"
	"database/sql"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// userColumns are the columns of the users row u that scanUser reads.
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
		&u.Name, &u.Picture, &u.PasswordHash, &u.Epoch, &created, &updated, (*jsonList)(&u.Roles), (*jsonList)(&u.Scopes))
	u.DisabledUntil, u.CreatedAt, u.UpdatedAt = utcOrZero(until), utc(created), utc(updated)
	return u, err
}

const (
	usernameFree  = `SELECT NOT EXISTS (SELECT 1 FROM users WHERE username_key = ? AND id <> ?)`
	emailFree     = `SELECT NOT EXISTS (SELECT 1 FROM users WHERE email_key = ? AND id <> ?)`
	allRolesExist = `SELECT NOT EXISTS (SELECT 1 FROM json_each(?) AS role WHERE role.value NOT IN (SELECT name FROM roles))`

	createUser = `
		INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, disabled_until,
			name, picture, password_hash, epoch, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	grantRoles = `
		INSERT INTO users_to_roles (user_id, role_id, user_created_at)
		SELECT ?, id, ? FROM roles WHERE name IN (SELECT value FROM json_each(?))`
)

// CreateUser implements account.UserStore. The transaction is immediate: what it reads cannot change.
func (s *Store) CreateUser(ctx context.Context, u account.User, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		if err := requireFree(ctx, tx, u.ID, &u.UsernameKey, &u.EmailKey); err != nil {
			return err
		}
		if err := requireTrue(ctx, tx, account.ErrUnknownRole, allRolesExist, storedList(u.Roles)); err != nil {
			return err
		}
		if err := execOneTx(ctx, tx, createUser, userArgs(u)...); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, grantRoles, u.ID, storedTime(u.CreatedAt), storedList(u.Roles)); err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
}

// userArgs returns the arguments of createUser.
func userArgs(u account.User) []any {
	return []any{
		u.ID, u.Username, u.UsernameKey, u.Email, u.EmailKey, u.EmailVerified, u.Active, storedTimeOrNull(u.DisabledUntil),
		u.Name, u.Picture, u.PasswordHash, u.Epoch, storedTime(u.CreatedAt), storedTime(u.UpdatedAt),
	}
}

// requireFree returns ErrUsernameTaken or ErrEmailTaken if a user other than id has the key. It does not
// check a key that is nil.
func requireFree(ctx context.Context, tx *writeTx, id string, usernameKey, emailKey *string) error {
	if usernameKey != nil {
		if err := requireTrue(ctx, tx, account.ErrUsernameTaken, usernameFree, *usernameKey, id); err != nil {
			return err
		}
	}
	if emailKey != nil {
		return requireTrue(ctx, tx, account.ErrEmailTaken, emailFree, *emailKey, id)
	}
	return nil
}

const userByUsername = `SELECT ` + userColumns + ` FROM users u WHERE u.username_key = ?`

// UserByUsername implements account.UserStore.
func (s *Store) UserByUsername(ctx context.Context, key string) (account.User, error) {
	return queryOne(ctx, s.reads, scanUser, userByUsername, key)
}

const userByEmail = `SELECT ` + userColumns + ` FROM users u WHERE u.email_key = ?`

// UserByEmail implements account.UserStore.
func (s *Store) UserByEmail(ctx context.Context, key string) (account.User, error) {
	return queryOne(ctx, s.reads, scanUser, userByEmail, key)
}

const userByID = `SELECT ` + userColumns + ` FROM users u WHERE u.id = ?`

// UserByID implements account.UserStore.
func (s *Store) UserByID(ctx context.Context, id string) (account.User, error) {
	return queryOne(ctx, s.reads, scanUser, userByID, id)
}

const replacePasswordHash = `UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2`

// ReplacePasswordHash implements account.UserStore.
func (s *Store) ReplacePasswordHash(ctx context.Context, id, from, to string) error {
	return s.execOne(ctx, replacePasswordHash, id, from, to)
}

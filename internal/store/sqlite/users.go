package sqlite

import (
	"context"
	"database/sql"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
)

// userColumns are the columns of the users row u that scanUser reads.
const userColumns = `u.id, u.username, u.username_key, u.email, u.email_key, u.email_verified, u.active, u.disabled_until,
	u.name, u.picture, u.password_hash, u.epoch, u.created_at, u.updated_at, ` + userRoles

// userColumnsOrEmpty are the same for a row that an outer join may leave empty.
const userColumnsOrEmpty = `coalesce(u.id, ''), coalesce(u.username, ''), coalesce(u.username_key, ''), coalesce(u.email, ''),
	coalesce(u.email_key, ''), coalesce(u.email_verified, 0), coalesce(u.active, 0), u.disabled_until, coalesce(u.name, ''),
	coalesce(u.picture, ''), coalesce(u.password_hash, ''), coalesce(u.epoch, 0), coalesce(u.created_at, 0),
	coalesce(u.updated_at, 0), ` + userRoles

// userRoles is an object of the roles of u, each with its scopes. Sorting them and removing the duplicates
// takes SQLite longer than all the rest of the row.
const userRoles = `(SELECT json_group_object(r.name, json(r.scopes)) FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id
	WHERE ur.user_id = u.id)`

func scanUser(r row) (account.User, error) {
	var u userRow
	err := r.Scan(u.columns()...)
	return u.value(), err
}

// userRow is where the columns of a user are scanned to.
type userRow struct {
	user             account.User
	created, updated int64
	until            sql.NullInt64
	roles            roleScopes
}

func (r *userRow) columns() []any {
	u := &r.user
	return []any{
		&u.ID, &u.Username, &u.UsernameKey, &u.Email, &u.EmailKey, &u.EmailVerified, &u.Active, &r.until,
		&u.Name, &u.Picture, &u.PasswordHash, &u.Epoch, &r.created, &r.updated, &r.roles,
	}
}

func (r *userRow) value() account.User {
	u := r.user
	u.DisabledUntil, u.CreatedAt, u.UpdatedAt = utcOrZero(r.until), utc(r.created), utc(r.updated)
	u.Roles, u.Scopes = r.roles.sorted()
	return u
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

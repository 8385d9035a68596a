package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// roleColumns are what scanRole reads, of a roles row called r.
const roleColumns = `r.name, (SELECT json_group_array(DISTINCT value ORDER BY value) FROM json_each(r.scopes)), r.builtin`

func scanRole(r row) (account.Role, error) {
	var role account.Role
	err := r.Scan(&role.Name, (*list)(&role.Scopes), &role.Builtin)
	return role, err
}

const allRoles = `SELECT ` + roleColumns + ` FROM roles r ORDER BY r.name`

// Roles implements account.Store.
func (s *Store) Roles(ctx context.Context) ([]account.Role, error) {
	return all(ctx, s.reader, scanRole, allRoles)
}

const roleByName = `SELECT ` + roleColumns + ` FROM roles r WHERE r.name = ?`

// RoleByName implements account.Store.
func (s *Store) RoleByName(ctx context.Context, name string) (account.Role, error) {
	r, err := one(ctx, s.reader, scanRole, roleByName, name)
	return r, unknownRole(err)
}

const putRole = `INSERT INTO roles (name, scopes) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET scopes = excluded.scopes`

// PutRole implements account.Store.
func (s *Store) PutRole(ctx context.Context, r account.Role) error {
	return s.writeOne(ctx, putRole, r.Name, array(r.Scopes))
}

const (
	roleBuiltin = `SELECT builtin FROM roles WHERE name = ?`
	deleteRole  = `DELETE FROM roles WHERE name = ?`
)

// DeleteRole implements account.Store. What refers to the row goes with it.
func (s *Store) DeleteRole(ctx context.Context, name string) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if builtin, err := one(ctx, tx, value[bool], roleBuiltin, name); err != nil {
			return err
		} else if builtin {
			return account.ErrBuiltinRole
		}
		return execOne(ctx, tx, deleteRole, name)
	})
	return unknownRole(err)
}

// unknownRole is what ErrNotFound means for a role.
func unknownRole(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return account.ErrUnknownRole.Wrap(err)
	}
	return err
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

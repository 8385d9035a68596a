package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
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
func (s *Store) PutRole(ctx context.Context, r account.Role, n audit.Note) error {
	return s.changeOne(ctx, n, putRole, r.Name, array(r.Scopes))
}

const (
	roleBuiltin = `SELECT builtin FROM roles WHERE name = ?`
	deleteRole  = `DELETE FROM roles WHERE name = ?`
)

// DeleteRole implements account.Store. What refers to the row goes with it.
func (s *Store) DeleteRole(ctx context.Context, name string, n audit.Note) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if builtin, err := one(ctx, tx, value[bool], roleBuiltin, name); err != nil {
			return err
		} else if builtin {
			return account.ErrBuiltinRole
		}
		if err := execOne(ctx, tx, deleteRole, name); err != nil {
			return err
		}
		return keep(ctx, tx, n)
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
	INSERT INTO users_to_roles (user_id, role_id, user_created_at)
	SELECT u.id, r.id, u.created_at FROM users u, roles r WHERE u.id = ? AND r.name = ?
	ON CONFLICT DO NOTHING`

// GrantRole implements account.Store.
func (s *Store) GrantRole(ctx context.Context, id, role string, now time.Time, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error { return changeRole(ctx, tx, grantRole, id, role, now, n) })
}

const revokeRole = `
	DELETE FROM users_to_roles WHERE user_id = ? AND role_id = (SELECT id FROM roles WHERE name = ?)`

// RevokeRole implements account.Store.
func (s *Store) RevokeRole(ctx context.Context, id, role string, now time.Time, n audit.Note) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if role == account.RoleAdmin {
			if err := refuseLastAdmin(ctx, tx, id, now); err != nil {
				return err
			}
		}
		return changeRole(ctx, tx, revokeRole, id, role, now, n)
	})
}

const (
	userExists = `SELECT EXISTS (SELECT 1 FROM users WHERE id = ?)`
	roleExists = `SELECT EXISTS (SELECT 1 FROM roles WHERE name = ?)`
	touchUser  = `UPDATE users SET updated_at = max(updated_at, ?2) WHERE id = ?1`
)

// changeRole runs one of the two above.
func changeRole(ctx context.Context, tx *sql.Tx, query, id, role string, now time.Time, n audit.Note) error {
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
	if changed, err := execMany(ctx, tx, query, id, role); err != nil || changed == 0 {
		return err // it was so before
	}
	if err := execOne(ctx, tx, touchUser, id, seconds(now)); err != nil {
		return err
	}
	return keep(ctx, tx, n)
}

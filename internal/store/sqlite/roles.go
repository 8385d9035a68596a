package sqlite

import (
	"context"
	"time"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// roleColumns are the columns of the roles row r that scanRole reads.
const roleColumns = `r.name, (SELECT json_group_array(DISTINCT value ORDER BY value) FROM json_each(r.scopes)), r.builtin`

func scanRole(r row) (account.Role, error) {
	var role account.Role
	err := r.Scan(&role.Name, (*jsonList)(&role.Scopes), &role.Builtin)
	return role, err
}

const listRoles = `SELECT ` + roleColumns + ` FROM roles r ORDER BY r.name`

// Roles implements account.RoleStore.
func (s *Store) Roles(ctx context.Context) ([]account.Role, error) {
	return queryAll(ctx, s.reads, scanRole, listRoles)
}

const roleByName = `SELECT ` + roleColumns + ` FROM roles r WHERE r.name = ?`

// RoleByName implements account.RoleStore.
func (s *Store) RoleByName(ctx context.Context, name string) (account.Role, error) {
	r, err := queryOne(ctx, s.reads, scanRole, roleByName, name)
	return r, store.RoleError(err)
}

const putRole = `INSERT INTO roles (name, scopes) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET scopes = excluded.scopes`

// PutRole implements account.RoleStore.
func (s *Store) PutRole(ctx context.Context, r account.Role, change audit.Change) error {
	return s.execOneRecorded(ctx, change, putRole, r.Name, storedList(r.Scopes))
}

const (
	roleNotBuiltin = `SELECT NOT builtin FROM roles WHERE name = ?`
	deleteRole     = `DELETE FROM roles WHERE name = ?`
)

// DeleteRole implements account.RoleStore. Foreign keys remove the role from its users.
func (s *Store) DeleteRole(ctx context.Context, name string, change audit.Change) error {
	err := s.inTx(ctx, func(tx *writeTx) error {
		if err := requireTrue(ctx, tx, account.ErrBuiltinRole, roleNotBuiltin, name); err != nil {
			return err
		}
		if err := execOneTx(ctx, tx, deleteRole, name); err != nil {
			return err
		}
		return recordChange(ctx, tx, change)
	})
	return store.RoleError(err)
}

const grantRole = `
	INSERT INTO users_to_roles (user_id, role_id, user_created_at)
	SELECT u.id, r.id, u.created_at FROM users u, roles r WHERE u.id = ? AND r.name = ?
	ON CONFLICT DO NOTHING`

// GrantRole implements account.RoleStore.
func (s *Store) GrantRole(ctx context.Context, id, role string, now time.Time, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error { return changeRole(ctx, tx, grantRole, id, role, now, change) })
}

const revokeRole = `
	DELETE FROM users_to_roles WHERE user_id = ? AND role_id = (SELECT id FROM roles WHERE name = ?)`

// RevokeRole implements account.RoleStore.
func (s *Store) RevokeRole(ctx context.Context, id, role string, now time.Time, change audit.Change) error {
	return s.inTx(ctx, func(tx *writeTx) error {
		if role == account.RoleAdmin {
			if err := requireOtherAdmin(ctx, tx, id, now); err != nil {
				return err
			}
		}
		return changeRole(ctx, tx, revokeRole, id, role, now, change)
	})
}

const (
	userExists    = `SELECT EXISTS (SELECT 1 FROM users WHERE id = ?)`
	roleExists    = `SELECT EXISTS (SELECT 1 FROM roles WHERE name = ?)`
	setUpdateTime = `UPDATE users SET updated_at = max(updated_at, ?2) WHERE id = ?1`
)

// changeRole runs grantRole or revokeRole.
func changeRole(ctx context.Context, tx *writeTx, query, id, role string, now time.Time, change audit.Change) error {
	if err := requireTrue(ctx, tx, fault.ErrNotFound, userExists, id); err != nil {
		return err
	}
	if err := requireTrue(ctx, tx, account.ErrUnknownRole, roleExists, role); err != nil {
		return err
	}
	if rows, err := execTx(ctx, tx, query, id, role); err != nil || rows == 0 {
		return err // nothing to change
	}
	if err := execOneTx(ctx, tx, setUpdateTime, id, storedTime(now)); err != nil {
		return err
	}
	return recordChange(ctx, tx, change)
}

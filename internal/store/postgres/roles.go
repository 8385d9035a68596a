package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// roleColumns are the columns of the roles row r that scanRole reads.
const roleColumns = `r.name, ARRAY(SELECT DISTINCT scope COLLATE "C" FROM unnest(r.scopes) AS scope ORDER BY 1), r.builtin`

func scanRole(row pgx.CollectableRow) (account.Role, error) {
	var r account.Role
	err := row.Scan(&r.Name, &r.Scopes, &r.Builtin)
	return r, err
}

const listRoles = `SELECT ` + roleColumns + ` FROM roles r ORDER BY r.name`

// Roles implements account.RoleStore.
func (s *Store) Roles(ctx context.Context) ([]account.Role, error) {
	return queryAll(ctx, s, scanRole, listRoles)
}

const roleByName = `SELECT ` + roleColumns + ` FROM roles r WHERE r.name = $1`

// RoleByName implements account.RoleStore.
func (s *Store) RoleByName(ctx context.Context, name string) (account.Role, error) {
	r, err := queryOne(ctx, s, scanRole, roleByName, name)
	return r, store.RoleError(err)
}

var putRole = withRecord(`changed AS (
		INSERT INTO roles (name, scopes) VALUES ($3, $4) ON CONFLICT (name) DO UPDATE SET scopes = excluded.scopes RETURNING id)`,
	`SELECT FROM changed`)

// PutRole implements account.RoleStore.
func (s *Store) PutRole(ctx context.Context, r account.Role, change audit.Change) error {
	return s.execOne(ctx, putRole, recordArgs(change, r.Name, nonNil(r.Scopes))...)
}

var deleteRole = withRecord(`changed AS (DELETE FROM roles WHERE name = $3 AND NOT builtin RETURNING id)`,
	`SELECT EXISTS (SELECT FROM changed), EXISTS (SELECT FROM roles WHERE name = $3 AND builtin)`)

// DeleteRole implements account.RoleStore. Foreign keys remove the role from its users.
func (s *Store) DeleteRole(ctx context.Context, name string, change audit.Change) error {
	type result struct{ Deleted, Builtin bool }
	r, err := queryOne(ctx, s, pgx.RowToStructByPos[result], deleteRole, recordArgs(change, name)...)
	switch {
	case err != nil:
		return store.RoleError(err)
	case r.Builtin:
		return account.ErrBuiltinRole
	case !r.Deleted:
		return account.ErrUnknownRole
	}
	return nil
}

var grantRole = withRecord(`u AS (SELECT id, created_at FROM users WHERE id = $4),
	r AS (SELECT id FROM roles WHERE name = $5),
	changed AS (
		INSERT INTO users_to_roles (user_id, role_id, user_created_at) SELECT u.id, r.id, u.created_at FROM u, r
		ON CONFLICT DO NOTHING RETURNING user_id),
	updated AS (UPDATE users SET updated_at = GREATEST(updated_at, $3) FROM changed WHERE id = user_id)`,
	`SELECT EXISTS (SELECT FROM u), EXISTS (SELECT FROM r), FALSE`)

// GrantRole implements account.RoleStore.
func (s *Store) GrantRole(ctx context.Context, id, role string, now time.Time, change audit.Change) error {
	return s.changeRole(ctx, grantRole, id, role, now, change)
}

var revokeRole = withRecord(`u AS (SELECT * FROM users WHERE id = $4),
	r AS (SELECT id FROM roles WHERE name = $5),
	last_admin AS (SELECT FROM u WHERE $5 = '`+account.RoleAdmin+`' AND `+isLastAdmin+`),
	changed AS (
		DELETE FROM users_to_roles USING u, r WHERE user_id = u.id AND role_id = r.id AND NOT EXISTS (SELECT FROM last_admin)
		RETURNING user_id),
	updated AS (UPDATE users SET updated_at = GREATEST(updated_at, $3) FROM changed WHERE id = user_id)`,
	`SELECT EXISTS (SELECT FROM u), EXISTS (SELECT FROM r), EXISTS (SELECT FROM last_admin)`)

// RevokeRole implements account.RoleStore.
func (s *Store) RevokeRole(ctx context.Context, id, role string, now time.Time, change audit.Change) error {
	return s.changeRole(ctx, revokeRole, id, role, now, change)
}

// changeRole runs grantRole or revokeRole. Both return whether the user exists, whether the role
// exists, and whether the user is the last administrator.
func (s *Store) changeRole(ctx context.Context, sql, id, role string, now time.Time, change audit.Change) error {
	if !isUUID(id) {
		return fault.ErrNotFound
	}
	var userExists, roleExists, lastAdmin bool
	batch := &pgx.Batch{}
	if role == account.RoleAdmin {
		batch.Queue(lockAdmins)
	}
	batch.Queue(sql, recordArgs(change, storedTime(now), id, role)...).QueryRow(func(row pgx.Row) error {
		return row.Scan(&userExists, &roleExists, &lastAdmin)
	})
	err := s.runBatch(ctx, batch)
	switch {
	case err != nil:
		return err
	case !userExists:
		return fault.ErrNotFound
	case !roleExists:
		return account.ErrUnknownRole
	case lastAdmin:
		return account.ErrLastAdmin
	}
	return nil
}

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// roleColumns are what scanRole reads, of a roles row called r.
const roleColumns = `r.name, ARRAY(SELECT DISTINCT scope COLLATE "C" FROM unnest(r.scopes) AS scope ORDER BY 1), r.builtin`

func scanRole(row pgx.CollectableRow) (account.Role, error) {
	var r account.Role
	err := row.Scan(&r.Name, &r.Scopes, &r.Builtin)
	return r, err
}

const allRoles = `SELECT ` + roleColumns + ` FROM roles r ORDER BY r.name`

// Roles implements account.Store.
func (s *Store) Roles(ctx context.Context) ([]account.Role, error) {
	return all(ctx, s, scanRole, allRoles)
}

const roleByName = `SELECT ` + roleColumns + ` FROM roles r WHERE r.name = $1`

// RoleByName implements account.Store.
func (s *Store) RoleByName(ctx context.Context, name string) (account.Role, error) {
	r, err := one(ctx, s, scanRole, roleByName, name)
	return r, unknownRole(err)
}

const putRole = `INSERT INTO roles (name, scopes) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET scopes = excluded.scopes`

// PutRole implements account.Store.
func (s *Store) PutRole(ctx context.Context, r account.Role) error {
	return s.execOne(ctx, putRole, r.Name, list(r.Scopes))
}

const deleteRole = `
	WITH gone AS (DELETE FROM roles WHERE name = $1 AND NOT builtin RETURNING id)
	SELECT EXISTS (SELECT FROM gone), EXISTS (SELECT FROM roles WHERE name = $1 AND builtin)`

// DeleteRole implements account.Store. What refers to the row goes with it.
func (s *Store) DeleteRole(ctx context.Context, name string) error {
	type result struct{ Gone, Builtin bool }
	r, err := one(ctx, s, pgx.RowToStructByPos[result], deleteRole, name)
	switch {
	case err != nil:
		return unknownRole(err)
	case r.Builtin:
		return account.ErrBuiltinRole
	case !r.Gone:
		return account.ErrUnknownRole
	}
	return nil
}

// unknownRole is what ErrNotFound means for a role.
func unknownRole(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return account.ErrUnknownRole.Wrap(err)
	}
	return err
}

const grantRole = `
	WITH u AS (SELECT id FROM users WHERE id = $1),
	r AS (SELECT id FROM roles WHERE name = $2),
	changed AS (
		INSERT INTO users_to_roles (user_id, role_id) SELECT u.id, r.id FROM u, r
		ON CONFLICT DO NOTHING RETURNING user_id),
	touched AS (UPDATE users SET updated_at = GREATEST(updated_at, $3) FROM changed WHERE id = user_id)
	SELECT EXISTS (SELECT FROM u), EXISTS (SELECT FROM r)`

// GrantRole implements account.Store.
func (s *Store) GrantRole(ctx context.Context, id, role string, now time.Time) error {
	return s.changeRole(ctx, grantRole, id, role, now)
}

const revokeRole = `
	WITH u AS (SELECT id FROM users WHERE id = $1),
	r AS (SELECT id FROM roles WHERE name = $2),
	changed AS (
		DELETE FROM users_to_roles USING u, r WHERE user_id = u.id AND role_id = r.id RETURNING user_id),
	touched AS (UPDATE users SET updated_at = GREATEST(updated_at, $3) FROM changed WHERE id = user_id)
	SELECT EXISTS (SELECT FROM u), EXISTS (SELECT FROM r)`

// RevokeRole implements account.Store.
func (s *Store) RevokeRole(ctx context.Context, id, role string, now time.Time) error {
	return s.changeRole(ctx, revokeRole, id, role, now)
}

// changeRole runs one of the two above, which say whether the user and the role exist.
func (s *Store) changeRole(ctx context.Context, sql, id, role string, now time.Time) error {
	if !isUUID(id) {
		return account.ErrNotFound
	}
	type result struct{ User, Role bool }
	f, err := one(ctx, s, pgx.RowToStructByPos[result], sql, id, role, whole(now))
	switch {
	case err != nil:
		return err
	case !f.User:
		return account.ErrNotFound
	case !f.Role:
		return account.ErrUnknownRole
	}
	return nil
}

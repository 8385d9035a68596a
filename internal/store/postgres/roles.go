package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
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

var putRole = noted(`changed AS (
		INSERT INTO roles (name, scopes) VALUES ($3, $4) ON CONFLICT (name) DO UPDATE SET scopes = excluded.scopes RETURNING id)`,
	`SELECT FROM changed`)

// PutRole implements account.Store.
func (s *Store) PutRole(ctx context.Context, r account.Role, n audit.Note) error {
	return s.execOne(ctx, putRole, keep(n, r.Name, list(r.Scopes))...)
}

var deleteRole = noted(`changed AS (DELETE FROM roles WHERE name = $3 AND NOT builtin RETURNING id)`,
	`SELECT EXISTS (SELECT FROM changed), EXISTS (SELECT FROM roles WHERE name = $3 AND builtin)`)

// DeleteRole implements account.Store. What refers to the row goes with it.
func (s *Store) DeleteRole(ctx context.Context, name string, n audit.Note) error {
	type result struct{ Gone, Builtin bool }
	r, err := one(ctx, s, pgx.RowToStructByPos[result], deleteRole, keep(n, name)...)
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

var grantRole = noted(`u AS (SELECT id, created_at FROM users WHERE id = $4),
	r AS (SELECT id FROM roles WHERE name = $5),
	changed AS (
		INSERT INTO users_to_roles (user_id, role_id, user_created_at) SELECT u.id, r.id, u.created_at FROM u, r
		ON CONFLICT DO NOTHING RETURNING user_id),
	touched AS (UPDATE users SET updated_at = GREATEST(updated_at, $3) FROM changed WHERE id = user_id)`,
	`SELECT EXISTS (SELECT FROM u), EXISTS (SELECT FROM r), FALSE`)

// GrantRole implements account.Store.
func (s *Store) GrantRole(ctx context.Context, id, role string, now time.Time, n audit.Note) error {
	return s.changeRole(ctx, grantRole, id, role, now, n)
}

var revokeRole = noted(`u AS (SELECT * FROM users WHERE id = $4),
	r AS (SELECT id FROM roles WHERE name = $5),
	last AS (SELECT FROM u WHERE $5 = '`+account.RoleAdmin+`' AND `+lastAdmin+`),
	changed AS (
		DELETE FROM users_to_roles USING u, r WHERE user_id = u.id AND role_id = r.id AND NOT EXISTS (SELECT FROM last)
		RETURNING user_id),
	touched AS (UPDATE users SET updated_at = GREATEST(updated_at, $3) FROM changed WHERE id = user_id)`,
	`SELECT EXISTS (SELECT FROM u), EXISTS (SELECT FROM r), EXISTS (SELECT FROM last)`)

// RevokeRole implements account.Store.
func (s *Store) RevokeRole(ctx context.Context, id, role string, now time.Time, n audit.Note) error {
	return s.changeRole(ctx, revokeRole, id, role, now, n)
}

// changeRole runs one of the two above, which say whether the user and the role exist, and whether
// nobody else would have the role.
func (s *Store) changeRole(ctx context.Context, sql, id, role string, now time.Time, n audit.Note) error {
	if !isUUID(id) {
		return account.ErrNotFound
	}
	var user, known, last bool
	batch := &pgx.Batch{}
	if role == account.RoleAdmin {
		batch.Queue(lockAdmins)
	}
	batch.Queue(sql, keep(n, whole(now), id, role)...).QueryRow(func(row pgx.Row) error { return row.Scan(&user, &known, &last) })
	err := s.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error { return conn.SendBatch(ctx, batch).Close() })
	switch {
	case err != nil:
		return err
	case !user:
		return account.ErrNotFound
	case !known:
		return account.ErrUnknownRole
	case last:
		return account.ErrLastAdmin
	}
	return nil
}

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// userColumns are what scanUser reads, of a users row called u.
const userColumns = `u.id::text, u.username, u.username_key, u.email, u.email_key, u.email_verified, u.active,
	u.name, u.picture, u.password_hash, u.epoch, u.created_at, u.updated_at,
	ARRAY(SELECT r.name FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id
		WHERE ur.user_id = u.id ORDER BY r.name),
	ARRAY(SELECT DISTINCT scope COLLATE "C" FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id, unnest(r.scopes) AS scope
		WHERE ur.user_id = u.id ORDER BY 1)`

func scanUser(row pgx.CollectableRow) (account.User, error) {
	var u account.User
	err := row.Scan(&u.ID, &u.Username, &u.UsernameKey, &u.Email, &u.EmailKey, &u.EmailVerified, &u.Active,
		&u.Name, &u.Picture, &u.PasswordHash, &u.Epoch, &u.CreatedAt, &u.UpdatedAt, &u.Roles, &u.Scopes)
	u.CreatedAt, u.UpdatedAt = u.CreatedAt.UTC(), u.UpdatedAt.UTC()
	return u, err
}

const createUser = `
	WITH known AS (SELECT id FROM roles WHERE name = ANY($14::text[])),
	made AS (
		INSERT INTO users (id, username, username_key, email, email_key, email_verified, active,
			name, picture, password_hash, epoch, created_at, updated_at)
		SELECT $1::uuid, $2, $3, $4, $5, $6::boolean, $7::boolean, $8, $9, $10, $11::bigint, $12::timestamptz, $13::timestamptz
		WHERE (SELECT count(*) FROM known) = (SELECT count(DISTINCT name) FROM unnest($14::text[]) AS name)
		RETURNING id),
	given AS (INSERT INTO users_to_roles (user_id, role_id) SELECT made.id, known.id FROM made, known)
	SELECT EXISTS (SELECT FROM made)`

// CreateUser implements account.Store.
func (s *Store) CreateUser(ctx context.Context, u account.User) error {
	made, err := one(ctx, s, pgx.RowTo[bool], createUser, u.ID, u.Username, u.UsernameKey, u.Email, u.EmailKey,
		u.EmailVerified, u.Active, u.Name, u.Picture, u.PasswordHash, u.Epoch, whole(u.CreatedAt), whole(u.UpdatedAt),
		list(u.Roles))
	switch {
	case errors.Is(err, account.ErrEmailTaken):
		return s.usernameFirst(ctx, u.UsernameKey, err)
	case err != nil:
		return err
	case !made:
		return account.ErrUnknownRole
	}
	return nil
}

const usernameInUse = `SELECT EXISTS (SELECT FROM users WHERE username_key = $1)`

// usernameFirst turns ErrEmailTaken into ErrUsernameTaken where both are so: which index is looked
// at first is an accident of their making, and a restore may turn it round.
func (s *Store) usernameFirst(ctx context.Context, key string, emailTaken error) error {
	inUse, err := one(ctx, s, pgx.RowTo[bool], usernameInUse, key)
	if err == nil && inUse {
		return account.ErrUsernameTaken.Wrap(emailTaken)
	}
	return emailTaken
}

const userByUsername = `SELECT ` + userColumns + ` FROM users u WHERE u.username_key = $1`

// UserByUsername implements account.Store.
func (s *Store) UserByUsername(ctx context.Context, key string) (account.User, error) {
	return one(ctx, s, scanUser, userByUsername, key)
}

const userByEmail = `SELECT ` + userColumns + ` FROM users u WHERE u.email_key = $1`

// UserByEmail implements account.Store.
func (s *Store) UserByEmail(ctx context.Context, key string) (account.User, error) {
	return one(ctx, s, scanUser, userByEmail, key)
}

const userByID = `SELECT ` + userColumns + ` FROM users u WHERE u.id = $1`

// UserByID implements account.Store.
func (s *Store) UserByID(ctx context.Context, id string) (account.User, error) {
	if !isUUID(id) {
		return account.User{}, account.ErrNotFound
	}
	return one(ctx, s, scanUser, userByID, id)
}

const listUsers = `SELECT ` + userColumns + ` FROM users u
	WHERE (u.created_at, u.id) > ($1, $2::uuid) ORDER BY u.created_at, u.id LIMIT $3`

// ListUsers implements account.Store.
func (s *Store) ListUsers(ctx context.Context, after account.Position, limit int) ([]account.User, error) {
	if !isUUID(after.ID) {
		after.ID = pgtype.UUID{Valid: true}.String() // before every other
	}
	return all(ctx, s, scanUser, listUsers, whole(after.CreatedAt), after.ID, max(limit, 0))
}

const replacePasswordHash = `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`

// ReplacePasswordHash implements account.Store.
func (s *Store) ReplacePasswordHash(ctx context.Context, id, from, to string) error {
	if !isUUID(id) {
		return account.ErrNotFound
	}
	return s.execOne(ctx, replacePasswordHash, id, from, to)
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
	type found struct{ User, Role bool }
	f, err := one(ctx, s, pgx.RowToStructByPos[found], sql, id, role, whole(now))
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

// isUUID says whether id is written the one way in which ids are given out. PostgreSQL would take
// others for the same, SQLite would not.
func isUUID(id string) bool {
	var u pgtype.UUID
	return u.Scan(id) == nil && u.String() == id
}

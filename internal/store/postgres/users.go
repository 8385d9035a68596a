package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
)

// userColumns are the columns of the users row u that scanUser reads.
const userColumns = `u.id::text, u.username, u.username_key, u.email, u.email_key, u.email_verified, u.active, u.disabled_until,
	u.name, u.picture, u.password_hash, u.epoch, u.created_at, u.updated_at, ` + userRoles

// userColumnsOrEmpty are the same for a row that an outer join may leave empty.
const userColumnsOrEmpty = `COALESCE(u.id::text, ''), COALESCE(u.username, ''), COALESCE(u.username_key, ''), COALESCE(u.email, ''),
	COALESCE(u.email_key, ''), COALESCE(u.email_verified, FALSE), COALESCE(u.active, FALSE), u.disabled_until, COALESCE(u.name, ''),
	COALESCE(u.picture, ''), COALESCE(u.password_hash, ''), COALESCE(u.epoch, 0), COALESCE(u.created_at, 'epoch'),
	COALESCE(u.updated_at, 'epoch'), ` + userRoles

// userRoles is a list of the roles of u, each followed by its scopes, with spaces between them.
const userRoles = `ARRAY(SELECT r.name || ' ' || array_to_string(r.scopes, ' ') FROM users_to_roles ur JOIN roles r ON r.id = ur.role_id
	WHERE ur.user_id = u.id)`

func scanUser(row pgx.CollectableRow) (account.User, error) {
	var u userRow
	err := row.Scan(u.columns()...)
	return u.value(), err
}

// userRow is where the columns of a user are scanned to.
type userRow struct {
	user  account.User
	until *time.Time
	roles []string
}

func (r *userRow) columns() []any {
	u := &r.user
	return []any{
		&u.ID, &u.Username, &u.UsernameKey, &u.Email, &u.EmailKey, &u.EmailVerified, &u.Active, &r.until,
		&u.Name, &u.Picture, &u.PasswordHash, &u.Epoch, &u.CreatedAt, &u.UpdatedAt, &r.roles,
	}
}

func (r *userRow) value() account.User {
	u := r.user
	u.DisabledUntil, u.CreatedAt, u.UpdatedAt = utcOrZero(r.until), u.CreatedAt.UTC(), u.UpdatedAt.UTC()
	u.Roles, u.Scopes = rolesAndScopes(r.roles)
	return u
}

var createUser = withRecord(`requested_roles AS (SELECT id FROM roles WHERE name = ANY($17::text[])),
	changed AS (
		INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, disabled_until,
			name, picture, password_hash, epoch, created_at, updated_at)
		SELECT $3::uuid, $4, $5, $6, $7, $8::boolean, $9::boolean, $10::timestamptz,
			$11, $12, $13, $14::bigint, $15::timestamptz, $16::timestamptz
		WHERE (SELECT count(*) FROM requested_roles) = (SELECT count(DISTINCT name) FROM unnest($17::text[]) AS name)
		RETURNING id, created_at),
	granted AS (
		INSERT INTO users_to_roles (user_id, role_id, user_created_at)
		SELECT changed.id, requested_roles.id, changed.created_at FROM changed, requested_roles)`,
	`SELECT EXISTS (SELECT FROM changed)`)

// CreateUser implements account.UserStore.
func (s *Store) CreateUser(ctx context.Context, u account.User, change audit.Change) error {
	created, err := queryOne(ctx, s, pgx.RowTo[bool], createUser, recordArgs(change, u.ID, u.Username, u.UsernameKey, u.Email, u.EmailKey,
		u.EmailVerified, u.Active, storedTimeOrNull(u.DisabledUntil), u.Name, u.Picture, u.PasswordHash, u.Epoch,
		storedTime(u.CreatedAt), storedTime(u.UpdatedAt), nonNil(u.Roles))...)
	switch {
	case errors.Is(err, account.ErrEmailTaken):
		return s.usernameTakenFirst(ctx, u.ID, &u.UsernameKey, err)
	case err != nil:
		return err
	case !created:
		return account.ErrUnknownRole
	}
	return nil
}

const usernameInUse = `SELECT EXISTS (SELECT FROM users WHERE username_key = $1 AND id <> $2)`

// usernameTakenFirst returns ErrUsernameTaken instead of ErrEmailTaken if both are true. PostgreSQL
// reports the index that it checks first, and a restored database may check them in another order.
func (s *Store) usernameTakenFirst(ctx context.Context, id string, key *string, emailTaken error) error {
	if key == nil {
		return emailTaken
	}
	inUse, err := queryOne(ctx, s, pgx.RowTo[bool], usernameInUse, *key, id)
	if err == nil && inUse {
		return account.ErrUsernameTaken.Wrap(emailTaken)
	}
	return emailTaken
}

const userByUsername = `SELECT ` + userColumns + ` FROM users u WHERE u.username_key = $1`

// UserByUsername implements account.UserStore.
func (s *Store) UserByUsername(ctx context.Context, key string) (account.User, error) {
	return queryOne(ctx, s, scanUser, userByUsername, key)
}

const userByEmail = `SELECT ` + userColumns + ` FROM users u WHERE u.email_key = $1`

// UserByEmail implements account.UserStore.
func (s *Store) UserByEmail(ctx context.Context, key string) (account.User, error) {
	return queryOne(ctx, s, scanUser, userByEmail, key)
}

const userByID = `SELECT ` + userColumns + ` FROM users u WHERE u.id = $1`

// UserByID implements account.UserStore.
func (s *Store) UserByID(ctx context.Context, id string) (account.User, error) {
	if !isUUID(id) {
		return account.User{}, fault.ErrNotFound
	}
	return queryOne(ctx, s, scanUser, userByID, id)
}

const replacePasswordHash = `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`

// ReplacePasswordHash implements account.UserStore.
func (s *Store) ReplacePasswordHash(ctx context.Context, id, from, to string) error {
	if !isUUID(id) {
		return fault.ErrNotFound
	}
	return s.execOne(ctx, replacePasswordHash, id, from, to)
}

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/oauth"
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

const setPassword = `UPDATE users SET password_hash = $2, epoch = epoch + 1, updated_at = GREATEST(updated_at, $3) WHERE id = $1`

// A session of an older epoch has ended; no later change can bring it back.
const keepSession = `
	UPDATE sessions SET user_epoch = user_epoch + 1
	WHERE id = $2 AND user_id = $1 AND revoked_at IS NULL AND user_epoch + 1 = (SELECT epoch FROM users WHERE id = $1)`

// A refresh that waits for the session's row looks at users as it was before the wait: it sees only
// what is written here, not the new epoch. Sessions that are over are no exception: by another
// machine's clock they may not be.
const endStale = `
	UPDATE sessions s SET revoked_at = $1, revoked_reason = $2
	FROM users u WHERE u.id = $3 AND s.user_id = u.id AND s.user_epoch <> u.epoch AND s.revoked_at IS NULL`

// SetPassword implements account.Store.
func (s *Store) SetPassword(ctx context.Context, id, hash, keep string, now time.Time) error {
	if !isUUID(id) {
		return account.ErrNotFound
	}
	batch := &pgx.Batch{}
	batch.Queue(setPassword, id, hash, whole(now))
	batch.Queue(lockSessions, id)
	batch.Queue(keepSession, id, uuidOrNull(keep))
	batch.Queue(endStale, whole(now), oauth.EndedByPassword, id)
	return found(s.execBatch(ctx, batch, 0))
}

const setActive = `
	UPDATE users SET active = $2, epoch = epoch + CASE WHEN $2 THEN 0 ELSE 1 END, updated_at = GREATEST(updated_at, $3)
	WHERE id = $1`

// SetActive implements account.Store. Where the epoch stays, no session is stale.
func (s *Store) SetActive(ctx context.Context, id string, active bool, now time.Time) error {
	if !isUUID(id) {
		return account.ErrNotFound
	}
	batch := &pgx.Batch{}
	batch.Queue(setActive, id, active, whole(now))
	batch.Queue(lockSessions, id)
	batch.Queue(endStale, whole(now), oauth.EndedByDisable, id)
	return found(s.execBatch(ctx, batch, 0))
}

const deleteUser = `DELETE FROM users WHERE id = $1`

// DeleteUser implements account.Store. Roles and sessions go with the row that they refer to.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	if !isUUID(id) {
		return account.ErrNotFound
	}
	batch := &pgx.Batch{}
	batch.Queue(lockUser, id)
	batch.Queue(lockSessions, id)
	batch.Queue(deleteUser, id)
	return found(s.execBatch(ctx, batch, 2))
}

// isUUID says whether id is written the one way in which ids are given out. PostgreSQL would take
// others for the same, SQLite would not.
func isUUID(id string) bool {
	var u pgtype.UUID
	return u.Scan(id) == nil && u.String() == id
}

// uuidOrNull keeps what is no id out of the driver: NULL equals nothing.
func uuidOrNull(id string) *string {
	if !isUUID(id) {
		return nil
	}
	return &id
}

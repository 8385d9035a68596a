package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/fault"
	"github.com/latchkey-auth/latchkey/internal/store"
)

// importRow is a row of users, with its roles, which PostgreSQL reads from JSON.
type importRow struct {
	ID            string     `json:"id"`
	Username      string     `json:"username"`
	UsernameKey   string     `json:"username_key"`
	Email         string     `json:"email"`
	EmailKey      string     `json:"email_key"`
	EmailVerified bool       `json:"email_verified"`
	Active        bool       `json:"active"`
	DisabledUntil *time.Time `json:"disabled_until"`
	Name          string     `json:"name"`
	Picture       string     `json:"picture"`
	PasswordHash  string     `json:"password_hash"`
	Epoch         int64      `json:"epoch"`
	CreatedAt     time.Time  `json:"created_at"`
	UpdatedAt     time.Time  `json:"updated_at"`
	Roles         []string   `json:"roles"`
}

func importJSON(users []account.User) string {
	rows := make([]importRow, len(users))
	for i, u := range users {
		rows[i] = importRow{
			ID: u.ID, Username: store.CleanText(u.Username), UsernameKey: store.CleanText(u.UsernameKey),
			Email: store.CleanText(u.Email), EmailKey: store.CleanText(u.EmailKey),
			EmailVerified: u.EmailVerified, Active: u.Active, DisabledUntil: storedTimeOrNull(u.DisabledUntil),
			Name: store.CleanText(u.Name), Picture: store.CleanText(u.Picture), PasswordHash: store.CleanText(u.PasswordHash),
			Epoch: u.Epoch, CreatedAt: storedTime(u.CreatedAt), UpdatedAt: storedTime(u.UpdatedAt), Roles: nonNil(u.Roles),
		}
	}
	return toJSON(rows)
}

// candidates writes the FROM item of the users to import, as rows called c, from a parameter.
func candidates(param string) string {
	return `ROWS FROM (json_to_recordset(` + param + `::json) AS (id uuid, username text, username_key text, email text, email_key text,
		email_verified boolean, active boolean, disabled_until timestamptz, name text, picture text, password_hash text,
		epoch bigint, created_at timestamptz, updated_at timestamptz, roles text[])) WITH ORDINALITY AS c`
}

// rolesExist is the condition that all roles of the candidate c exist.
const rolesExist = `NOT EXISTS (SELECT FROM unnest(c.roles) AS role WHERE role NOT IN (SELECT name FROM roles))`

// lockImports serializes imports: two of them could wait for each other's usernames forever. It locks
// a row that every database has and that no other method locks.
const lockImports = `SELECT FROM roles WHERE name = '` + account.RoleUser + `' FOR NO KEY UPDATE`

// Of candidates with the same username or email, the first one is created.
var importUsers = withRecord(`valid AS MATERIALIZED (
		SELECT DISTINCT ON (id, username_key, email_key) c.* FROM `+candidates("$3")+` WHERE `+rolesExist+`
		ORDER BY id, username_key, email_key, ordinality),
	changed AS (
		INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, disabled_until,
			name, picture, password_hash, epoch, created_at, updated_at)
		SELECT id, username, username_key, email, email_key, email_verified, active, disabled_until,
			name, picture, password_hash, epoch, created_at, updated_at
		FROM valid ORDER BY ordinality
		ON CONFLICT DO NOTHING RETURNING id, username_key, email_key, created_at),
	granted AS (
		INSERT INTO users_to_roles (user_id, role_id, user_created_at)
		SELECT DISTINCT changed.id, r.id, changed.created_at FROM changed JOIN valid USING (id, username_key, email_key)
			JOIN roles r ON r.name = ANY(valid.roles))`,
	`SELECT id::text, username_key, email_key FROM changed`)

// importConflicts returns for each candidate whether its username and its email are in use after the
// import, possibly by itself, and whether its roles exist.
var importConflicts = `
	SELECT EXISTS (SELECT FROM users WHERE username_key = c.username_key), EXISTS (SELECT FROM users WHERE email_key = c.email_key),
		` + rolesExist + `
	FROM ` + candidates("$1") + ` ORDER BY ordinality`

// importedUser identifies a user that was created among the candidates.
type importedUser struct{ ID, UsernameKey, EmailKey string }

// importConflict says why a candidate may not have been created.
type importConflict struct{ UsernameInUse, EmailInUse, RolesExist bool }

func (c importConflict) err() error {
	switch {
	case c.UsernameInUse:
		return account.ErrUsernameTaken
	case c.EmailInUse:
		return account.ErrEmailTaken
	case !c.RolesExist:
		return account.ErrUnknownRole
	}
	return fault.ErrAlreadyExists // the id
}

// ImportUsers implements account.UserStore.
func (s *Store) ImportUsers(ctx context.Context, users []account.User, change audit.Change) ([]error, error) {
	var imported []importedUser
	var conflicts []importConflict
	text, batch := importJSON(users), &pgx.Batch{}
	batch.Queue(lockImports)
	batch.Queue(importUsers, recordArgs(change, text)...).Query(func(rows pgx.Rows) (err error) {
		imported, err = pgx.CollectRows(rows, pgx.RowToStructByPos[importedUser])
		return err
	})
	batch.Queue(importConflicts, text).Query(func(rows pgx.Rows) (err error) {
		conflicts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[importConflict])
		return err
	})
	err := s.runBatch(ctx, batch)
	if err != nil {
		return nil, err
	}
	return importResults(users, imported, conflicts), nil
}

// importResults returns nil for each candidate that was created, and the conflict of each other.
func importResults(users []account.User, imported []importedUser, conflicts []importConflict) []error {
	results := make([]error, len(users))
	for i, u := range users {
		key := importedUser{u.ID, store.CleanText(u.UsernameKey), store.CleanText(u.EmailKey)}
		if at := slices.Index(imported, key); at >= 0 && conflicts[i].RolesExist {
			imported[at] = importedUser{} // an equal candidate that follows was not created
			continue
		}
		results[i] = conflicts[i].err()
	}
	return results
}

package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/oauth"
)

// importRow is a row of users, with its roles, as PostgreSQL makes it of JSON.
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

func importText(users []account.User) string {
	rows := make([]importRow, len(users))
	for i, u := range users {
		rows[i] = importRow{
			ID: u.ID, Username: clean(u.Username), UsernameKey: clean(u.UsernameKey), Email: clean(u.Email), EmailKey: clean(u.EmailKey),
			EmailVerified: u.EmailVerified, Active: u.Active, DisabledUntil: wholeOrNull(u.DisabledUntil), Name: clean(u.Name),
			Picture: clean(u.Picture), PasswordHash: clean(u.PasswordHash), Epoch: u.Epoch,
			CreatedAt: whole(u.CreatedAt), UpdatedAt: whole(u.UpdatedAt), Roles: list(u.Roles),
		}
	}
	return jsonText(rows)
}

// given is the users to import of a parameter, and known the condition that the roles of one exist.
func given(users string) string {
	return `ROWS FROM (json_to_recordset(` + users + `::json) AS (id uuid, username text, username_key text, email text, email_key text,
		email_verified boolean, active boolean, disabled_until timestamptz, name text, picture text, password_hash text,
		epoch bigint, created_at timestamptz, updated_at timestamptz, roles text[])) WITH ORDINALITY AS g`
}

const known = `NOT EXISTS (SELECT FROM unnest(g.roles) AS role WHERE role NOT IN (SELECT name FROM roles))`

// lockImports lets imports come one after the other: two that hold each other's names could not end.
// The row is one that every database has, and that nobody else waits for.
const lockImports = `SELECT FROM roles WHERE name = '` + account.RoleUser + `' FOR NO KEY UPDATE`

// A name or an address that stands twice among them goes to the first.
var importUsers = noted(`sound AS MATERIALIZED (
		SELECT DISTINCT ON (id, username_key, email_key) g.* FROM `+given("$3")+` WHERE `+known+`
		ORDER BY id, username_key, email_key, ordinality),
	changed AS (
		INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, disabled_until,
			name, picture, password_hash, epoch, created_at, updated_at)
		SELECT id, username, username_key, email, email_key, email_verified, active, disabled_until,
			name, picture, password_hash, epoch, created_at, updated_at
		FROM sound ORDER BY ordinality
		ON CONFLICT DO NOTHING RETURNING id, username_key, email_key, created_at),
	roled AS (
		INSERT INTO users_to_roles (user_id, role_id, user_created_at)
		SELECT DISTINCT changed.id, r.id, changed.created_at FROM changed JOIN sound USING (id, username_key, email_key)
			JOIN roles r ON r.name = ANY(sound.roles))`,
	`SELECT id::text, username_key, email_key FROM changed`)

// whyNot says of each user to import whose name and address are in use now, also by himself, and
// whether his roles exist.
var whyNot = `
	SELECT EXISTS (SELECT FROM users WHERE username_key = g.username_key), EXISTS (SELECT FROM users WHERE email_key = g.email_key),
		` + known + `
	FROM ` + given("$1") + ` ORDER BY ordinality`

// identity is by what a user that was made is found among those to import.
type identity struct{ ID, UsernameKey, EmailKey string }

// ImportUsers implements account.Store.
func (s *Store) ImportUsers(ctx context.Context, users []account.User, n audit.Note) ([]error, error) {
	var made []identity
	var refusals []refusal
	text, batch := importText(users), &pgx.Batch{}
	batch.Queue(lockImports)
	batch.Queue(importUsers, keep(n, text)...).Query(func(rows pgx.Rows) (err error) {
		made, err = pgx.CollectRows(rows, pgx.RowToStructByPos[identity])
		return err
	})
	batch.Queue(whyNot, text).Query(func(rows pgx.Rows) (err error) {
		refusals, err = pgx.CollectRows(rows, pgx.RowToStructByPos[refusal])
		return err
	})
	err := s.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error { return conn.SendBatch(ctx, batch).Close() })
	if err != nil {
		return nil, err
	}
	results := make([]error, len(users))
	for i, u := range users {
		who := identity{u.ID, clean(u.UsernameKey), clean(u.EmailKey)}
		if at := slices.Index(made, who); at >= 0 && refusals[i].RolesKnown {
			made[at] = identity{} // another one like him was not made
			continue
		}
		results[i] = refusals[i].fault()
	}
	return results, nil
}

// refusal is why a user was not made.
type refusal struct{ UsernameInUse, EmailInUse, RolesKnown bool }

func (r refusal) fault() error {
	switch {
	case r.UsernameInUse:
		return account.ErrUsernameTaken
	case r.EmailInUse:
		return account.ErrEmailTaken
	case !r.RolesKnown:
		return account.ErrUnknownRole
	}
	return oauth.ErrExists // the id itself
}

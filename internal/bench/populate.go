//go:build unix

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/internal/password"
)

// sharedPassword is the password of every user.
const sharedPassword = "correct horse battery 9"

// Users and sessions are numbered. Ids and families begin with a scattered number, so that neighbours
// are not on one page of an index.
const scatter = 2654435761

func scattered(n int) uint32 { return uint32(n * scatter) }

func username(n int) string { return fmt.Sprintf("bench%d", n) }

func userID(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", scattered(n), n) }

func family(n int) []byte { return fmt.Appendf(nil, "%08x%08x", scattered(n), n) }

// What the functions above return, in SQL.
const (
	postgresScattered = `lpad(to_hex((n::bigint * 2654435761) % 4294967296), 8, '0')`
	postgresID        = `(` + postgresScattered + ` || '-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`
	postgresFamily    = `convert_to(` + postgresScattered + ` || lpad(to_hex(n), 8, '0'), 'UTF8')`
	sqliteID          = `printf('%08x-0000-4000-8000-%012x', (n * 2654435761) % 4294967296, n)`
	sqliteFamily      = `CAST(printf('%08x%08x', (n * 2654435761) % 4294967296, n) AS BLOB)`
)

const (
	insertUsers    = `INSERT INTO users (id, username, username_key, email, email_key, email_verified, active, name, picture, password_hash, epoch, created_at, updated_at) `
	insertRoles    = `INSERT INTO users_to_roles (user_id, role_id, user_created_at) SELECT u.id, r.id, u.created_at FROM users u, roles r WHERE r.name = 'ROLE_USER'`
	insertSessions = `INSERT INTO sessions (id, family_id, user_id, user_epoch, client_id, scopes, address, user_agent,
		created_at, last_used_at, idle_until, absolute_until, counter, rotated_at, repeats) `
)

// $1 is the largest number, $2 the hash.
var postgresPopulation = []string{
	insertUsers + `SELECT ` + postgresID + `, 'bench' || n, 'bench' || n, 'bench' || n || '@example.org', 'bench' || n || '@example.org',
		TRUE, TRUE, 'Bench ' || n, '', $2, 0, at, at
		FROM (SELECT n, date_trunc('second', now()) - INTERVAL '1 day' AS at FROM generate_series(0, $1::bigint) AS n) AS g`,
	insertRoles,
	insertSessions + `SELECT ` + postgresID + `, ` + postgresFamily + `, ` + postgresID + `, 0, 'latchkey-public', '{profile}', '127.0.0.1', 'bench',
		at, at, at + INTERVAL '14 days', at + INTERVAL '90 days', 0, at, 0
		FROM (SELECT n, date_trunc('second', now()) - INTERVAL '1 minute' AS at FROM generate_series(0, $1::bigint) AS n) AS g`,
	`VACUUM ANALYZE`,
	`CHECKPOINT`,
}

const sqliteNumbers = `(WITH RECURSIVE g(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n < ?1) SELECT n, unixepoch() AS now FROM g)`

// There is no ANALYZE, which Latchkey never runs on SQLite: with statistics, SQLite compiles a prepared
// statement again for each new argument.
var sqlitePopulation = []string{
	insertUsers + `SELECT ` + sqliteID + `, 'bench' || n, 'bench' || n, 'bench' || n || '@example.org', 'bench' || n || '@example.org',
		1, 1, 'Bench ' || n, '', ?2, 0, now - 86400, now - 86400 FROM ` + sqliteNumbers,
	insertRoles,
	insertSessions + `SELECT ` + sqliteID + `, ` + sqliteFamily + `, ` + sqliteID + `, 0, 'latchkey-public', '["profile"]', '127.0.0.1', 'bench',
		now - 60, now - 60, now + 1209600, now + 7776000, 0, now - 60, 0 FROM ` + sqliteNumbers,
	`PRAGMA wal_checkpoint(TRUNCATE)`,
}

// populate inserts the users of a world, all with one password, and a session for each. Users get the
// role that they would get by signing up.
func (w *world) populate(ctx context.Context) (err error) {
	hasher, err := password.New(password.Options{})
	if err != nil {
		return err
	}
	hash, err := hasher.Hash(ctx, sharedPassword)
	if err != nil {
		return err
	}
	db, err := w.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	statements := postgresPopulation
	if w.engine == sqlite {
		statements = sqlitePopulation
	}
	arguments := [][]any{{w.users - 1, hash}, nil, {w.users - 1}, nil, nil}
	for i, statement := range statements {
		if err := execute(ctx, db, statement, arguments[i]...); err != nil {
			return fmt.Errorf("cannot fill the database: %w", err)
		}
	}
	return nil
}

func execute(ctx context.Context, db *sql.DB, statement string, arguments ...any) error {
	_, err := db.ExecContext(ctx, statement, arguments...)
	return err
}

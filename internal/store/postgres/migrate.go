package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/latchkey-auth/latchkey/internal/store"
)

const hasTable = `SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1`

// withMigration implements store.WithMigration. It opens its own connections, because the pool may be
// small or busy, and its timeouts are too short for schema changes.
func (s *Store) withMigration(ctx context.Context, do func(store.Migration) error) error {
	config := s.pool.Config().ConnConfig
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["lock_timeout"] = "3s"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(detectDisconnect))
	defer db.Close()

	if err := s.lockAndDo(ctx, db, do); err != nil {
		return fmt.Errorf("postgres: migrate: %w", translate(err))
	}
	return nil
}

// lockAndDo holds the migration lock while do runs.
func (s *Store) lockAndDo(ctx context.Context, db *sql.DB, do func(store.Migration) error) error {
	p, err := goose.NewProvider(goose.DialectPostgres, db, s.migrationFiles, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	lock, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Rollback() }() // it has changed nothing
	if err := takeMigrationLock(ctx, lock); err != nil {
		return err
	}
	return do(store.Migration{Provider: p, DB: db, Files: s.migrationFiles, HasTable: hasTable})
}

// The advisory lock is derived from the schema, so that two schemas of one database do not wait for
// each other. It belongs to a transaction, not to a session: a pooler such as PgBouncer may give every
// transaction another session.
const (
	waitForMigrationLock = `SET LOCAL lock_timeout = '120s'`
	migrationLock        = `SELECT pg_advisory_xact_lock(hashtextextended('latchkey migrations of ' || current_schema(), 0))
		WHERE current_schema() IS NOT NULL`
)

func takeMigrationLock(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, waitForMigrationLock); err != nil {
		return err
	}
	var void string
	err := tx.QueryRowContext(ctx, migrationLock).Scan(&void)
	if errors.Is(err, sql.ErrNoRows) {
		return errors.New("none of the schemas in the search_path exists")
	}
	return err
}

// detectDisconnect makes the server check the connection during a statement. Otherwise the server
// would continue the statement of a killed process and hold its locks. PostgreSQL 13 lacks the setting.
func detectDisconnect(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('client_connection_check_interval', '2s', false)
		WHERE current_setting('server_version_num')::int >= 140000`)
	return err
}

package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// withProvider implements store.WithProvider. It opens its own connection, because the pool may be
// small or busy, and its timeouts are too short for schema changes.
func (s *Store) withProvider(ctx context.Context, do func(*goose.Provider) error) error {
	config := s.pool.Config().ConnConfig
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["lock_timeout"] = "3s"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(detectDisconnect))
	defer db.Close()

	p, err := s.newProvider(ctx, db)
	if err == nil {
		err = do(p)
	}
	if err != nil {
		return fmt.Errorf("postgres: migrate: %w", translate(err))
	}
	return nil
}

// The advisory lock is derived from the schema, so that two schemas of one database do not wait for
// each other.
const migrationLockID = `SELECT hashtextextended('latchkey migrations of ' || current_schema(), 0)`

func (s *Store) newProvider(ctx context.Context, db *sql.DB) (*goose.Provider, error) {
	var id sql.NullInt64
	if err := db.QueryRowContext(ctx, migrationLockID).Scan(&id); err != nil {
		return nil, err
	}
	if !id.Valid {
		return nil, errors.New("none of the schemas in the search_path exists")
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(id.Int64), lock.WithLockTimeout(1, 120))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, s.migrationFiles,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

// detectDisconnect makes the server check the connection during a statement. Otherwise the server
// would continue the statement of a killed process and hold its locks. PostgreSQL 13 lacks the setting.
func detectDisconnect(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('client_connection_check_interval', '2s', false)
		WHERE current_setting('server_version_num')::int >= 140000`)
	return err
}

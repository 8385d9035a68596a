package postgres

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/latchkey-auth/latchkey/internal/account"
	"github.com/latchkey-auth/latchkey/internal/audit"
	"github.com/latchkey-auth/latchkey/internal/hook"
	"github.com/latchkey-auth/latchkey/internal/keyring"
	"github.com/latchkey-auth/latchkey/internal/oauth"
	"github.com/latchkey-auth/latchkey/internal/outbox"
	"github.com/latchkey-auth/latchkey/internal/statistics"
	"github.com/latchkey-auth/latchkey/internal/store"
	"github.com/latchkey-auth/latchkey/internal/throttle"
	"github.com/latchkey-auth/latchkey/migrations"
)

// Options are settings that are not in the URL.
type Options struct {
	Tracer pgx.QueryTracer // makes a span of each statement; nil: none
}

// Store is one PostgreSQL database.
type Store struct {
	store.Migrator
	pool           *pgxpool.Pool
	sessions       *reads[store.PackedSession]
	clients        *reads[oauth.Client]
	rotations      *rotations
	silence        *silence
	migrationFiles fs.FS
}

var (
	_ account.UserStore         = (*Store)(nil)
	_ account.RoleStore         = (*Store)(nil)
	_ account.OneTimeTokenStore = (*Store)(nil)
	_ oauth.ClientStore         = (*Store)(nil)
	_ oauth.SessionStore        = (*Store)(nil)
	_ oauth.EndedSessionStore   = (*Store)(nil)
	_ keyring.Store             = (*Store)(nil)
	_ audit.Store               = (*Store)(nil)
	_ outbox.Store              = (*Store)(nil)
	_ outbox.Monitor            = (*Store)(nil)
	_ hook.Store                = (*Store)(nil)
	_ statistics.Store          = (*Store)(nil)
	_ throttle.Store            = (*Store)(nil)
	_ store.Keeper              = (*Store)(nil)
)

// Open connects to the database of a postgres:// URL, which may name several hosts. It does not touch
// the schema: call Up for that. An error has one line and never contains the password.
func Open(ctx context.Context, url string, opts Options) (*Store, error) {
	config, err := poolConfig(url)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.Tracer = opts.Tracer
	silence := newSilence(config.ConnConfig)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: create the connection pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, &connectError{hosts: hosts(config.ConnConfig), cause: err}
	}
	s := &Store{pool: pool, silence: silence, migrationFiles: migrations.Postgres}
	s.sessions, s.clients, s.rotations = s.newSessionReads(), s.newClientReads(), s.newRotations()
	s.Migrator = store.NewMigrator(s.withMigration)
	return s, nil
}

// Close waits until all connections are returned and closes them. It returns nil: only the embedded
// engine can fail to close.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// Ping returns an error unless the database responds.
func (s *Store) Ping(ctx context.Context) error {
	return s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error { return conn.Ping(ctx) })
}

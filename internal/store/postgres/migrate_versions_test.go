package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// openVersion opens a database of an older version and fills it with rows.
func openVersion(t *testing.T, version int, rows string) *Store {
	t.Helper()
	s := openURL(t, storetest.PostgresURL(t))
	files := s.migrationFiles
	s.migrationFiles = storetest.FirstMigrations(t, files, version)
	_, err := s.Up(t.Context())
	require.NoError(t, err)
	_, err = s.pool.Exec(t.Context(), rows)
	require.NoError(t, err)
	s.migrationFiles = files
	return s
}

func TestMigrateRowsOfVersion1(t *testing.T) {
	t.Parallel()
	s := openVersion(t, 1, `
		INSERT INTO users VALUES ('0190d1a0-0000-7000-8000-000000000001', 'Ann', 'ann', 'Ann@x', 'ann@x', TRUE, TRUE, 'A', 'p', 'h', 7, now(), now());
		INSERT INTO users_to_roles SELECT u.id, r.id FROM users u, roles r;
		INSERT INTO clients VALUES ('web', 'Web', TRUE, FALSE, '{password}', '{profile}', '{a}', 60, TRUE, now());
		INSERT INTO client_secrets VALUES ('web', '\x01', now(), now()), ('web', '\x02', now(), NULL);
		INSERT INTO sessions SELECT '0190d1a0-0000-7000-8000-000000000002', '\x01', id, 7, 'web', '{profile}', 'a', 'u', now(), now(), now(), now(), now(), 'r' FROM users;
		INSERT INTO sessions SELECT '0190d1a0-0000-7000-8000-000000000003', '\x02', id, 7, 'web', '{}', '', '', now(), now(), now(), now(), NULL, NULL FROM users;
		INSERT INTO signing_keys VALUES ('k', 1, 'ES256', '\x01', '\x02', now(), now(), NULL);
		INSERT INTO throttle VALUES ('\x01', now())`)
	storetest.MigrateVersion1(t, s, dump)
}

func TestMigrateRowsOfVersion2(t *testing.T) {
	t.Parallel()
	s := openVersion(t, 2, `
		INSERT INTO users VALUES ('0190d1a0-0000-7000-8000-000000000001', 'Ann', 'ann', 'Ann@x', 'ann@x', TRUE, TRUE, 'A', 'p', 'h', 7, '2026-03-01 12:00Z', now()),
			('0190d1a0-0000-7000-8000-000000000002', 'Bob', 'bob', 'Bob@x', 'bob@x', FALSE, FALSE, '', '', '', 0, '2026-03-01 11:00Z', now());
		INSERT INTO users_to_roles SELECT u.id, r.id FROM users u, roles r;
		INSERT INTO clients VALUES ('web', 'Web', TRUE, FALSE, '{password}', '{profile}', '{a}', 60, TRUE, now(), 1, 2);
		INSERT INTO client_secrets VALUES ('web', '\x01', now(), now());
		INSERT INTO sessions VALUES ('0190d1a0-0000-7000-8000-000000000003', '\x01', NULL, 0, 'web', '{}', '', '', now(), now(), now(), now(), NULL, NULL, 3, now(), 4);
		INSERT INTO signing_keys VALUES ('k', 1, 'ES256', '\x01', '\x02', now(), now(), NULL);
		INSERT INTO throttle VALUES ('\x01', now())`)
	storetest.MigrateVersion2(t, s, dump)
}

// dump returns the schema and every row as text.
func dump(t *testing.T, s *Store) []string {
	t.Helper()
	const schema = `
		SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%' UNION ALL
		SELECT replace(indexdef, current_schema(), '') FROM pg_indexes
			WHERE schemaname = current_schema() AND tablename NOT LIKE 'goose%' UNION ALL
		SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
			WHERE connamespace = current_schema()::regnamespace AND conrelid::regclass::text NOT LIKE '%goose%'
		ORDER BY 1`
	lines, err := queryAll(t.Context(), s, pgx.RowTo[string], schema)
	require.NoError(t, err)
	for _, table := range storetest.TablesOfVersion1 {
		rows, err := queryAll(t.Context(), s, pgx.RowTo[string], `SELECT t::text FROM `+table+` t ORDER BY 1`)
		require.NoError(t, err)
		require.NotEmpty(t, rows, table)
		lines = append(lines, rows...)
	}
	return lines
}

package sqlite

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/store/storetest"
)

// openVersion opens a database of an older version and fills it with rows.
func openVersion(t *testing.T, version int, rows string) *Store {
	t.Helper()
	s := openFile(t, newPath(t))
	files := s.migrationFiles
	s.migrationFiles = storetest.FirstMigrations(t, files, version)
	_, err := s.Up(t.Context())
	require.NoError(t, err)
	_, err = s.writer.ExecContext(t.Context(), rows)
	require.NoError(t, err)
	s.migrationFiles = files
	return s
}

func TestMigrateRowsOfVersion1(t *testing.T) {
	t.Parallel()
	s := openVersion(t, 1, `
		INSERT INTO users VALUES ('u', 'Ann', 'ann', 'Ann@x', 'ann@x', 1, 1, 'A', 'p', 'h', 7, 11, 12);
		INSERT INTO users_to_roles SELECT u.id, r.id FROM users u, roles r;
		INSERT INTO clients VALUES ('web', 'Web', 1, 0, '["password"]', '["profile"]', '["a"]', 60, 1, 13);
		INSERT INTO client_secrets VALUES ('web', x'01', 14, 15), ('web', x'02', 16, NULL);
		INSERT INTO sessions VALUES ('s', x'01', 'u', 7, 'web', '["profile"]', 'a', 'u', 17, 18, 19, 20, 21, 'r');
		INSERT INTO sessions VALUES ('t', x'02', 'u', 7, 'web', '[]', '', '', 22, 23, 24, 25, NULL, NULL);
		INSERT INTO signing_keys VALUES ('k', 1, 'ES256', x'01', x'02', 26, 27, NULL);
		INSERT INTO throttle VALUES (x'01', 28)`)
	storetest.MigrateVersion1(t, s, dump)
}

func TestMigrateRowsOfVersion2(t *testing.T) {
	t.Parallel()
	s := openVersion(t, 2, `
		INSERT INTO users VALUES ('u', 'Ann', 'ann', 'Ann@x', 'ann@x', 1, 1, 'A', 'p', 'h', 7, 12, 12), ('v', 'Bob', 'bob', 'Bob@x', 'bob@x', 0, 0, '', '', '', 0, 11, 11);
		INSERT INTO users_to_roles SELECT u.id, r.id FROM users u, roles r;
		INSERT INTO clients VALUES ('web', 'Web', 1, 0, '["password"]', '["profile"]', '["a"]', 60, 1, 13, 1, 2);
		INSERT INTO client_secrets VALUES ('web', x'01', 14, 15);
		INSERT INTO sessions VALUES ('s', x'01', NULL, 0, 'web', '[]', '', '', 17, 18, 19, 20, NULL, NULL, 3, 21, 4);
		INSERT INTO signing_keys VALUES ('k', 1, 'ES256', x'01', x'02', 26, 27, NULL);
		INSERT INTO throttle VALUES (x'01', 28)`)
	storetest.MigrateVersion2(t, s, dump)
}

// dump returns the schema and every row as text. It removes the quotes that SQLite writes around the
// name of a renamed table.
func dump(t *testing.T, s *Store) []string {
	t.Helper()
	const schema = `SELECT replace(coalesce(sql, name), '"', '') FROM sqlite_schema WHERE tbl_name NOT LIKE 'goose%' ORDER BY 1`
	lines, err := queryAll(t.Context(), s.writer, scanValue[string], schema)
	require.NoError(t, err)
	for _, table := range storetest.TablesOfVersion1 {
		columns, err := queryOne(t.Context(), s.writer, scanValue[string],
			`SELECT group_concat('quote(' || name || ')', ' || '','' || ') FROM pragma_table_info(?)`, table)
		require.NoError(t, err)
		rows, err := queryAll(t.Context(), s.writer, scanValue[string], `SELECT `+columns+` FROM `+table+` ORDER BY 1`)
		require.NoError(t, err)
		require.NotEmpty(t, rows, table)
		lines = append(lines, rows...)
	}
	return lines
}

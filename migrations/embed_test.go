package migrations_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/migrations"
)

func TestEnginesHaveSameMigrations(t *testing.T) {
	t.Parallel()
	postgres, sqlite := names(t, migrations.Postgres), names(t, migrations.SQLite)
	require.NotEmpty(t, postgres)
	require.Equal(t, postgres, sqlite)
}

func TestEveryMigrationHasDown(t *testing.T) {
	t.Parallel()
	for _, fsys := range []fs.FS{migrations.Postgres, migrations.SQLite} {
		for _, name := range names(t, fsys) {
			text, err := fs.ReadFile(fsys, name)
			require.NoError(t, err)
			_, down, found := strings.Cut(string(text), "-- +goose Down")
			require.True(t, found, name)
			require.NotEmpty(t, strings.TrimSpace(down), name)
		}
	}
}

// firstStated is the first version that says which programs it admits. Before it, a program ran on no newer
// schema.
const firstStated = 7

// A migration that admits the version before it makes a rolling upgrade possible, and a way back.
func TestEveryMigrationStatesWhomItAdmits(t *testing.T) {
	t.Parallel()
	for i, name := range names(t, migrations.Postgres) {
		version := int64(i + 1)
		onPostgres, err := migrations.Admits(migrations.Postgres, name, version)
		require.NoError(t, err)
		onSQLite, err := migrations.Admits(migrations.SQLite, name, version)
		require.NoError(t, err)
		require.Equal(t, onPostgres, onSQLite, name)
		require.LessOrEqual(t, onPostgres, version, name)
		require.Positive(t, onPostgres, name)
		if text, err := fs.ReadFile(migrations.Postgres, name); version >= firstStated {
			require.NoError(t, err)
			stated := strings.Contains(string(text), "\n-- Admits: ")
			require.True(t, stated, "%s: say which programs may run on this schema, and prove it with `make upgrade`", name)
		}
	}
}

func TestAdmits(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"9.sql": {Data: []byte("-- +goose Up\n-- Admits: 8\nSELECT 1;\n")}, "10.sql": {Data: []byte("-- +goose Up\nSELECT 1; -- Admits: 8\n")},
	}
	got, err := migrations.Admits(files, "9.sql", 9)
	require.NoError(t, err)
	require.EqualValues(t, 8, got)
	got, err = migrations.Admits(files, "10.sql", 10)
	require.NoError(t, err)
	require.EqualValues(t, 10, got)
	_, err = migrations.Admits(files, "11.sql", 11)
	require.ErrorIs(t, err, fs.ErrNotExist)

	require.NoError(t, migrations.Compatibility{Schema: 9, Oldest: 8, Program: 8}.Check())
	require.NoError(t, migrations.Compatibility{Schema: 5, Oldest: 5, Program: 8}.Check())
	require.EqualError(t, migrations.Compatibility{Schema: 9, Oldest: 8, Program: 7}.Check(),
		"the schema has version 9, which is for programs that know version 8 or later, but this program only knows version 7: run a newer program")
}

func names(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	names, err := fs.Glob(fsys, "*.sql")
	require.NoError(t, err)
	return names
}

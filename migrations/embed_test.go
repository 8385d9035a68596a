package migrations_test

import (
	"io/fs"
	"strings"
	"testing"

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

func names(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	names, err := fs.Glob(fsys, "*.sql")
	require.NoError(t, err)
	return names
}

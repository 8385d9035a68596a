package storetest

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// TablesOfVersion1 are the tables of the first migration. The later ones change them.
var TablesOfVersion1 = []string{
	"users", "roles", "users_to_roles", "clients", "client_secrets", "sessions", "signing_keys", "throttle",
}

// FirstMigrations returns the first n of the migration files.
func FirstMigrations(t *testing.T, files fs.FS, n int) fs.FS {
	t.Helper()
	names, err := fs.Glob(files, "*.sql")
	require.NoError(t, err)
	first := fstest.MapFS{}
	for _, name := range names[:n] {
		text, err := fs.ReadFile(files, name)
		require.NoError(t, err)
		first[name] = &fstest.MapFile{Data: text}
	}
	return first
}

// OneMigration returns the files of a single migration, which runs up.
func OneMigration(up string) fs.FS {
	return fstest.MapFS{"00001_test.sql": {Data: []byte("-- +goose Up\n" + up + "\n-- +goose Down\nSELECT 1;\n")}}
}

// MigrateVersion1 migrates a database of version 1, which has the user ann with a revoked session, up and
// down again. The dump of the schema and the rows must be the same as before.
func MigrateVersion1[S Store](t *testing.T, s S, dump func(*testing.T, S) []string) {
	t.Helper()
	before := dump(t, s)
	_, err := s.Up(t.Context())
	require.NoError(t, err)
	session, user, err := s.SessionByFamily(t.Context(), []byte{1})
	require.NoError(t, err)
	require.Equal(t, "ann", user.UsernameKey)
	require.Equal(t, session.CreatedAt, session.RotatedAt)
	require.Equal(t, "r", session.RevokedReason)
	list, err := s.Status(t.Context())
	require.NoError(t, err)
	for range list[1:] {
		require.NoError(t, s.Down(t.Context()))
	}
	require.Equal(t, before, dump(t, s))
}

// MigrateVersion2 migrates a database of version 2 up and down again, twice. The database
// has two administrators, of whom bob, who is disabled, is the older. The dump of the schema and the
// rows must be the same as before.
func MigrateVersion2[S Store](t *testing.T, s S, dump func(*testing.T, S) []string) {
	t.Helper()
	before := dump(t, s)
	for range 2 {
		applied, err := s.Up(t.Context())
		require.NoError(t, err)
		require.Positive(t, applied)
		users, _, err := s.ListUsers(t.Context(), account.Query{Role: account.RoleAdmin, Limit: 9})
		require.NoError(t, err)
		require.Len(t, users, 2)
		require.Equal(t, "bob", users[0].UsernameKey, "the list is ordered by creation time")
		require.True(t, users[0].DisabledUntil.IsZero(), "a disabled user remains disabled without an end")
		clients, err := s.ListClients(t.Context(), "", 9)
		require.NoError(t, err)
		require.Len(t, clients, 1)
		require.Empty(t, clients[0].TokenAlgorithm+clients[0].Claims, "a client has no tokens of its own")
		require.Zero(t, clients[0].TokenKeys)
		for range applied {
			require.NoError(t, s.Down(t.Context()))
		}
		require.Equal(t, before, dump(t, s))
	}
}

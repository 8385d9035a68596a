package sqlite

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/latchkey-auth/latchkey/internal/account"
)

// TestVersionTwoRows: a database of version 2 that holds rows goes up by one and down again, and is
// the same to the last column, index and constraint.
func TestVersionTwoRows(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "latchkey.db"))
	whole, known := s.steps, fstest.MapFS{}
	for _, name := range []string{"00001_init.sql", "00002_sessions.sql"} {
		text, err := fs.ReadFile(whole, name)
		require.NoError(t, err)
		known[name] = &fstest.MapFile{Data: text}
	}
	s.steps = known
	_, err := s.Up(t.Context())
	require.NoError(t, err)
	_, err = s.writer.ExecContext(t.Context(), `
		INSERT INTO users VALUES ('u', 'Ann', 'ann', 'Ann@x', 'ann@x', 1, 1, 'A', 'p', 'h', 7, 12, 12), ('v', 'Bob', 'bob', 'Bob@x', 'bob@x', 0, 0, '', '', '', 0, 11, 11);
		INSERT INTO users_to_roles SELECT u.id, r.id FROM users u, roles r;
		INSERT INTO clients VALUES ('web', 'Web', 1, 0, '["password"]', '["profile"]', '["a"]', 60, 1, 13, 1, 2);
		INSERT INTO client_secrets VALUES ('web', x'01', 14, 15);
		INSERT INTO sessions VALUES ('s', x'01', NULL, 0, 'web', '[]', '', '', 17, 18, 19, 20, NULL, NULL, 3, 21, 4);
		INSERT INTO signing_keys VALUES ('k', 1, 'ES256', x'01', x'02', 26, 27, NULL);
		INSERT INTO throttle VALUES (x'01', 28)`)
	require.NoError(t, err)
	before := dump(t, s)

	s.steps = whole
	for range 2 {
		applied, err := s.Up(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, applied)
		users, _, err := s.ListUsers(t.Context(), account.Query{Role: account.RoleAdmin, Limit: 9})
		require.NoError(t, err)
		require.Len(t, users, 2)
		require.Equal(t, "bob", users[0].UsernameKey, "by when they were made")
		require.True(t, users[0].DisabledUntil.IsZero(), "for good, as it was")
		require.NoError(t, s.Down(t.Context()))
		require.Equal(t, before, dump(t, s))
	}
}
